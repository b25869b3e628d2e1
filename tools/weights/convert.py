"""``netdef weights convert``: other formats and precisions."""

from typing import cast

import click

from netdef.tools import options, weight_options


@click.command("convert", cls=options.Command)
@click.argument("weights", metavar="W")
@weight_options.out
@click.option(
    "--precision",
    type=click.Choice(["f32", "f16"]),
    default="f32",
    show_default=True,
    help="Bits of a value. Caffe does not read f16 in the binary form; NVCaffe and netdef do.",
)
def command(weights: str, out: str, precision: str) -> None:
    """Write the weights W in today's form: as HDF5 if FILE ends in .h5, else binary.

    Layers keep their names, types and blobs, and nothing else.
    """
    from netdef.io.stored_form import stored_form
    from netdef.io.weights import read_weights
    from netdef.weight_files.conversion import Precision, rounding, write_layers

    layers = read_weights(weights)
    write_layers(out, layers, cast("Precision", precision))
    before, after = stored_form(weights), stored_form(out)
    click.echo(f"Wrote {out}: {before.title} -> {after.title}, {len(layers)} layers in {precision}")
    if precision == "f16":
        error, zeros = rounding([blob for layer in layers.values() for blob in layer.blobs])
        click.echo(f"rounding: errors of up to {error:.2g}; {zeros:,} values became 0")
        if after.title != "HDF5":
            click.echo("Caffe itself does not read this file; NVCaffe and netdef do", err=True)

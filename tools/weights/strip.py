"""``netdef weights strip``: weights with less around them."""

from pathlib import Path

import click

from netdef.tools import options, weight_options


@click.command("strip", cls=options.Command)
@click.argument("weights", metavar="W")
@weight_options.out
@click.option("--drop", metavar="GLOBS", help="Leave out these layers: 'fc8,loss*'.")
@click.option(
    "--only-weights",
    is_flag=True,
    help="Leave out gradients, layers without weights, and what layers have but name, type and"
    " weights.",
)
def command(weights: str, out: str, drop: str | None, only_weights: bool) -> None:
    """Write the weights W without some layers, or without all that is no weights."""
    if drop is None and not only_weights:
        raise click.UsageError("say what to leave out: --drop GLOBS, --only-weights, or both")
    from netdef.io.weights import read_weights
    from netdef.io.weights_editing import edit_weights
    from netdef.table import bytes_in_words
    from netdef.weight_files.renaming import left_names

    names = list(read_weights(weights))
    kept = set(left_names(names, drop.split(",") if drop else []))
    edit_weights(weights, out, lambda name: name if name in kept else None, only_weights)
    size = bytes_in_words(Path(out).stat().st_size)
    click.echo(f"Wrote {out}: {len(read_weights(out))} of {len(names)} layers, {size}")

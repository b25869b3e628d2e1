"""``netdef weights show``: what a file of weights holds."""

import json

import click

from netdef.tools import options


@click.command("show", cls=options.Command)
@click.argument("weights", metavar="W")
@click.option("--filters", metavar="LAYER", help="Draw the filters of this layer, too.")
@click.option("--out", "-o", metavar="FILE", help="The picture of the filters: a .png.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, not a table.")
def command(weights: str, filters: str | None, out: str | None, as_json: bool) -> None:
    """List the blobs of W, weights or a solver's state, with shapes and statistics."""
    if (filters is None) != (out is None):
        raise click.UsageError("--filters LAYER and --out FILE go together")
    from netdef.weight_files.statistics import survey_json, survey_table, survey_weights

    if ".solverstate" in weights:
        _show_state(weights, as_json)
        return
    form, blobs = survey_weights(weights)
    if filters is not None and out is not None:
        _draw(weights, filters, out)
    if as_json:
        about = {"form": form.title, "has_diffs": form.has_diffs, "layers": len(form.dtypes)}
        click.echo(json.dumps({**about, "blobs": survey_json(blobs)}, indent=1))
    else:
        click.echo(survey_table(blobs))
        diffs = ", and gradients" if form.has_diffs else ""
        click.echo(
            f"\n{form.title}: {len(form.dtypes)} layers,"
            f" {len({one.layer for one in blobs})} with weights{diffs}"
        )
    if out is not None:
        click.echo(f"Wrote {out}", err=as_json)


def _show_state(path: str, as_json: bool) -> None:
    from netdef.weight_files.statistics import survey_json, survey_state, survey_table

    said, blobs = survey_state(path)
    if as_json:
        click.echo(json.dumps({**said, "history": survey_json(blobs)}, indent=1))
        return
    click.echo(survey_table(blobs))
    click.echo()
    for name, value in said.items():
        click.echo(f"{name}: {value}")


def _draw(weights: str, layer: str, out: str) -> None:
    from netdef.data.contact_sheet import write_png
    from netdef.errors import at, unknown
    from netdef.io.weights import read_weights
    from netdef.weight_files.filter_sheet import filter_sheet

    layers = {name: one for name, one in read_weights(weights).items() if one.blobs}
    if layer not in layers:
        with at(weights):
            raise unknown("layer with weights", layer, layers)
    with at(f"{weights}: layer {layer!r}"):
        sheet = filter_sheet(layers[layer].blobs[0])
    write_png(sheet, out)

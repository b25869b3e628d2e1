"""``netdef features knn``: the pictures most alike to one."""

from typing import cast

import click

from netdef.tools import feature_options, options


@click.command("knn", cls=options.Command)
@click.argument("features", metavar="F")
@click.option(
    "--query",
    required=True,
    metavar="NAME",
    help="The picture: its name in F, the end of it, or the number of its row from 0.",
)
@click.option(
    "--count", "-k", default=5, show_default=True, type=click.IntRange(min=1), help="How many."
)
@click.option(
    "--metric",
    type=click.Choice(["cosine", "euclidean"]),
    default="cosine",
    show_default=True,
    help="How the distance is measured.",
)
@click.option("--out", "-o", metavar="FILE", help="A sheet of the pictures: a .png.")
@click.option(
    "--images",
    metavar="FOLDER",
    help="Where the pictures are, if they are no longer where F says.",
)
@feature_options.blob
def command(
    features: str,
    query: str,
    count: int,
    metric: str,
    out: str | None,
    images: str | None,
    blob: str | None,
) -> None:
    """Print the rows of F nearest to one, the nearest first, and their distances."""
    from netdef.data.contact_sheet import write_png
    from netdef.errors import at
    from netdef.feature_neighbours import Metric, neighbour_sheet, neighbours, row_of
    from netdef.feature_reading import read_features
    from netdef.table import table

    found = read_features(features, blob)
    with at(features):
        row = row_of(found, query)
        near = neighbours(found.rows, row, count, cast("Metric", metric))
        sheet = neighbour_sheet(found, row, near, images) if out else None
    classes = found.class_names()
    rows = [
        (i, found.names[n.row], classes.get(int(found.labels[n.row]), ""), f"{n.distance:.4g}")
        for i, n in enumerate(near, 1)
    ]
    click.echo(f"{found.names[row]} {classes.get(int(found.labels[row]), '')}".rstrip())
    click.echo(table(("", "nearest", "class", f"{metric} distance"), rows))
    if out and sheet is not None:
        write_png(sheet, out)
        click.echo(f"Wrote {out}")

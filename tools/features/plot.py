"""``netdef features plot``: features as a map."""

from typing import cast

import click

from netdef.tools import feature_options, options


@click.command("plot", cls=options.Command)
@click.argument("features", metavar="F")
@options.picture
@feature_options.blob
@click.option(
    "--method",
    type=click.Choice(["pca", "tsne"]),
    default="pca",
    show_default=True,
    help="How features are put on a plane; tsne needs scikit-learn.",
)
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line.")
def command(features: str, out: str, blob: str | None, method: str, labels: str | None) -> None:
    """Draw the rows of F as points of a plane, in the colours of their classes."""
    from pathlib import Path

    from netdef.deployment import read_labels
    from netdef.errors import at
    from netdef.feature_map import Method, draw_map, place
    from netdef.feature_reading import read_features
    from netdef.plotting import new_figure

    new_figure(out, 1, 1)  # see before something long whether it can be drawn
    table = read_features(features, blob)
    names = dict(enumerate(read_labels(labels))) if labels else table.class_names()
    with at(features):
        points, parts = place(table.rows, cast("Method", method))
    title = f"{Path(features).name}: {len(table.names)} rows of {table.rows.shape[1]} features"
    draw_map(table, points, parts, names, f"{title}, {_TITLES[method]}", out)
    click.echo(f"Wrote {out}: {len(points)} points")
    if parts:
        click.echo(f"its axes show {sum(parts):.1%} of the variance")


_TITLES = {"pca": "PCA", "tsne": "t-SNE"}

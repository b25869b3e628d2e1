"""``netdef mean``: the mean image of a database."""

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("mean", cls=options.Command)
@click.argument("database", metavar="DB")
@click.argument("out")
def command(database: str, out: str) -> None:
    """Write the mean image of the database DB to OUT, a .binaryproto for mean_file.

    Prints the mean of each channel, for mean_value.
    """
    from netdef.data.mean_image import mean_image, write_mean

    with progress_bar("mean") as tell:
        mean = mean_image(database, tell)
    write_mean(mean, out)
    for value in mean.mean(axis=(1, 2), dtype=float):
        click.echo(f"mean_value: {value:.4f}")
    click.echo(f"Wrote {out}")

"""``netdef db show``: a sheet of a database's images."""

import click

from netdef.tools import options


@click.command("show", cls=options.Command)
@click.argument("database", metavar="DB")
@click.argument("out")
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="How many images, evenly spread over the database.",
)
def command(database: str, out: str, count: int) -> None:
    """Draw images of the database DB, their labels below, on one sheet: OUT, a PNG file."""
    from netdef.data.contact_sheet import contact_sheet, write_png
    from netdef.data.survey import samples

    write_png(contact_sheet(samples(database, count)), out)
    click.echo(f"Wrote {out}")

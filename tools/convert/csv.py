"""``netdef convert csv``: numbers in columns to HDF5 or a database."""

import click

from netdef.tools import options


@click.command("csv", cls=options.Command)
@click.argument("file")
@click.argument("out")
@click.option(
    "--label",
    default="-1",
    show_default=True,
    metavar="COLUMN",
    help="The label's column: its name, or its number from 0; below 0, from the end.",
)
@options.kind("hdf5")
def command(file: str, out: str, label: str, kind: str) -> None:
    """Write the numbers of FILE, a line of them for each row, to OUT.

    A first line that is not all numbers names the columns.
    """
    from netdef.data.csv_rows import csv_rows
    from netdef.data.labelled_rows import write_rows
    from netdef.data.run_name import file_stamp, run_name

    name = run_name(file_stamp(file), label)
    for path in write_rows(csv_rows(file, label), kind, out, name):
        click.echo(f"Wrote {path}")

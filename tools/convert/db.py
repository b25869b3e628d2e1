"""``netdef convert db``: a database to another kind."""

from pathlib import Path

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("db", cls=options.Command)
@click.argument("database", metavar="DB")
@click.argument("out")
@options.kind("lmdb")
def command(database: str, out: str, kind: str) -> None:
    """Write the records of the database DB to OUT.

    To a database records are copied as they are; for HDF5 images are decoded.
    """
    from netdef.data.labelled_rows import copy_database, rows_of_database, write_rows

    paths = [Path(out)]
    with progress_bar("db") as tell:
        if kind == "hdf5":
            paths = write_rows(rows_of_database(database, tell), kind, out)
        else:
            copy_database(database, kind.upper(), out, tell)
    for path in paths:
        click.echo(f"Wrote {path}")

"""``netdef convert hdf5``: an HDF5 file to a database."""

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("hdf5", cls=options.Command)
@click.argument("file")
@click.argument("out")
@click.option(
    "--data", default="data", show_default=True, metavar="NAME", help="The dataset of rows."
)
@click.option(
    "--label", default="label", show_default=True, metavar="NAME", help="The dataset of labels."
)
@options.kind("lmdb")
def command(file: str, out: str, data: str, label: str, kind: str) -> None:
    """Write the rows of the HDF5 file FILE and their labels to the new database OUT."""
    from netdef.data.hdf5_pairs import hdf5_rows
    from netdef.data.labelled_rows import write_rows
    from netdef.data.run_name import file_stamp, run_name

    with progress_bar("hdf5") as tell:
        name = run_name(file_stamp(file), data, label)
        paths = write_rows(hdf5_rows(file, data, label, tell), kind, out, name)
    for path in paths:
        click.echo(f"Wrote {path}")

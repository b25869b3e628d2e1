"""``netdef log parse``: a log to the tables that Caffe's parse_log.py makes."""

import click

from netdef.tools import options


@click.command("parse", cls=options.Command)
@click.argument("log")
@click.argument("out", default=".")
def command(log: str, out: str) -> None:
    """Write LOG.train and LOG.test, tables in CSV, into the folder OUT.

    LOG is a log of netdef's or of Caffe's, or a metrics file. OUT is the current folder if it
    is not given.
    """
    from netdef.solvers.log_tables import write_log_tables

    for path in write_log_tables(log, out):
        click.echo(f"Wrote {path}")

"""``netdef db check``: the damaged records of a database."""

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("check", cls=options.Command)
@click.argument("database", metavar="DB")
def command(database: str) -> None:
    """Read every record of the database DB, and name those that are damaged."""
    from netdef.data.survey import survey
    from netdef.errors import DataError

    with progress_bar("check") as tell:
        found = survey(database, tell)
    for key, reason in found.damaged:
        click.echo(f"record {key!r}: {reason}")
    if found.damaged:
        raise DataError(
            f"{database}: {len(found.damaged)} of {found.records} records are damaged; convert the "
            "images again"
        )
    click.echo(f"{database}: {found.records} records, none damaged")

"""``netdef db info``: what a database holds."""

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("info", cls=options.Command)
@click.argument("database", metavar="DB")
def command(database: str) -> None:
    """Print the records of the database DB: how many, how large, of which labels."""
    from netdef.data.survey import survey
    from netdef.table import table

    with progress_bar("info") as tell:
        found = survey(database, tell)
    kinds = ", ".join(f"{count:,} of {kind}" for kind, count in found.kinds.most_common())
    click.echo(f"{database}: {found.records:,} records, {found.bytes:,} bytes; {kinds}")
    if found.damaged:
        click.echo(f"{len(found.damaged):,} are damaged: netdef db check names them")
    for head, counts in (("shape", found.shapes), ("label", found.labels)):
        click.echo()
        rows = sorted((key, number) for key, number in counts.items())
        click.echo(table((head, "records"), [(str(key), number) for key, number in rows]))

"""``netdef zoo fetch``: published weights from the network."""

import click

from netdef.tools import options


@click.command("fetch", cls=options.Command)
@click.argument("name")
def command(name: str) -> None:
    """Download the published weights NAME, or those of the net NAME."""
    from netdef.model_zoo.fetching import fetch
    from netdef.model_zoo.weights_table import published
    from netdef.tools.progress import progress_bar

    row = published(name)
    with progress_bar("fetch") as tell:
        found = fetch(row, tell or (lambda there, total: None))
    click.echo(f"{found}\nlicence: {row.licence}; input: {row.input}")

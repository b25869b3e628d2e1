"""``netdef zoo list``: what there is."""

import click

from netdef.tools import options


@click.command("list", cls=options.Command)
def command() -> None:
    """List the nets, and all published weights."""
    from netdef.model_zoo import nets
    from netdef.model_zoo.cache import place
    from netdef.model_zoo.weights_table import table as published
    from netdef.table import table

    rows = [(name, _weights_here(name), nets.summary(name)) for name in nets.names()]
    click.echo(table(("net", "weights", "what it is"), rows))
    click.echo()
    rows = [
        (row.name, "here" if place(row.name).is_file() else "", row.licence)
        for row in published()
        if row.url
    ]
    click.echo(table(("published weights", "", "licence"), rows))


def _weights_here(name: str) -> str:
    from netdef.errors import MissingFile
    from netdef.model_zoo import finding, weights_table

    try:
        finding.weights(name)
    except MissingFile:
        return "to fetch" if any(row.net == name for row in weights_table.table()) else ""
    return "here"

"""``netdef zoo path``: where a net's prototxts lie."""

import click

from netdef.tools import options


@click.command("path", cls=options.Command)
@click.argument("name")
def command(name: str) -> None:
    """Print the folder of the net NAME, which holds its prototxts."""
    from netdef.model_zoo.nets import folder

    click.echo(folder(name))

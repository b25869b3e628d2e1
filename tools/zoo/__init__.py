"""``netdef zoo``: nets that are known, and trained weights for them."""

import click

from netdef.tools.lazy_group import LazyGroup

COMMANDS = {
    "list": "List the nets, and all published weights.",
    "show": "Tell of a net or of published weights.",
    "path": "Print the folder of a net's prototxts.",
    "fetch": "Download published weights.",
    "import": "Take weights in from a file or a folder.",
}


@click.group("zoo", cls=LazyGroup, package=__name__, commands_by_name=COMMANDS)
def command() -> None:
    """List nets that are known, and fetch or import trained weights for them."""

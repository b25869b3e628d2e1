"""``netdef db``: looking into databases, one command a file."""

import click

from netdef.tools.lazy_group import LazyGroup

COMMANDS = {
    "info": "Print what a database holds: records, sizes, labels.",
    "show": "Draw some of a database's images on one sheet.",
    "check": "Name the damaged records of a database.",
}


@click.group("db", cls=LazyGroup, package=__name__, commands_by_name=COMMANDS)
def command() -> None:
    """Look into a database: what it holds, what it looks like, what is damaged."""

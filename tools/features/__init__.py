"""``netdef features``: looking at features that ``netdef extract`` wrote."""

import click

from netdef.tools.lazy_group import LazyGroup

COMMANDS = {
    "plot": "Draw a map of features: what is alike is near.",
    "knn": "Find the pictures most alike to one.",
}


@click.group("features", cls=LazyGroup, package=__name__, commands_by_name=COMMANDS)
def command() -> None:
    """Look at features that netdef extract wrote."""

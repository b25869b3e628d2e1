"""``netdef plot``: pictures of runs and schedules, one kind a file."""

import click

from netdef.tools.lazy_group import LazyGroup

COMMANDS = {
    "log": "Draw the losses, test outputs and rates of runs.",
    "lr": "Draw the learning rate that a solver's text asks for.",
}


@click.group("plot", cls=LazyGroup, package=__name__, commands_by_name=COMMANDS)
def command() -> None:
    """Draw runs and schedules as PNG, SVG or PDF."""

"""``netdef log``: what can be done with the log of a run, one thing a file."""

import click

from netdef.tools.lazy_group import LazyGroup

COMMANDS = {"parse": "Make Caffe's two tables from a log."}


@click.group("log", cls=LazyGroup, package=__name__, commands_by_name=COMMANDS)
def command() -> None:
    """Read the logs of runs."""

"""``netdef weights``: looking into files of weights, and changing them, one command a file."""

import click

from netdef.tools.lazy_group import LazyGroup

COMMANDS = {
    "show": "List layers and blobs, with shapes and statistics.",
    "diff": "Tell how two files of weights differ.",
    "rename": "Give layers other names.",
    "strip": "Leave out layers, or all but weights.",
    "convert": "Write binary or HDF5, 32 or 16 bits, in today's form.",
}


@click.group("weights", cls=LazyGroup, package=__name__, commands_by_name=COMMANDS)
def command() -> None:
    """Look into files of weights, and change them."""

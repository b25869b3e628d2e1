"""The command ``netdef``: a group that imports a sub-command only when it runs."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from netdef import __version__
from netdef.errors import NetdefError, did_you_mean

#: Every sub-command and its line in ``netdef --help``. ``device-query`` is the object
#: ``command`` of the module ``netdef.tools.device_query``.
COMMANDS = {
    "train": "Train a net, or go on from a snapshot.",
    "test": "Score trained weights on a net's test data.",
    "time": "Measure each layer's forward and backward pass.",
    "show": "Print a net as a table, at any stage from graph to plan.",
    "convert": "Make databases from MNIST, digits or a list of images.",
    "device-query": "Print the devices and engines found here.",
    "demo": "Train LeNet on small digits, with nothing to download.",
}
INTERRUPTED = 130  # what a shell reports for a process that SIGINT ended


class LazyGroup(click.Group):
    """The group of all ``COMMANDS``; its help imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = import_module(f"netdef.tools.{cmd_name.replace('-', '_')}")
            command: click.Command = module.command
            return command
        if not ctx.resilient_parsing:  # a shell that completes a line wants no error
            ctx.fail(f"no command {cmd_name!r}{did_you_mean(cmd_name, COMMANDS)}")
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def netdef() -> None:
    """Train nets that are described by text."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status.

    A user's mistake is one line on stderr and status 2, a run that failed one line and
    status 1, an interrupt status 130. A bug of netdef's own keeps its traceback.
    """
    try:
        status = netdef.main(arguments, prog_name="netdef", standalone_mode=False)
    except NetdefError as error:
        click.echo(f"netdef: error: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(INTERRUPTED)
    sys.exit(status)

"""The command ``netdef``: a group that imports a sub-command only when it runs."""

import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

import click

from netdef import __version__
from netdef.errors import IgnoredField, NetdefError
from netdef.tools.lazy_group import LazyGroup

#: Every sub-command and its line in ``netdef --help``.
COMMANDS = {
    "train": "Train a net, or go on from a snapshot.",
    "plot": "Draw losses, test outputs and rates of runs, or a schedule.",
    "log": "Make Caffe's tables from the log of a run.",
    "lr-find": "Train with a growing rate, and suggest one.",
    "test": "Score trained weights on a net's test data.",
    "finetune": "Turn a trained classifier to the classes of a folder.",
    "classify": "Print what a net says of pictures.",
    "detect": "Print what a net finds in pictures, and where.",
    "extract": "Write blobs of a net as features of pictures.",
    "features": "Draw a map of features, and find what is alike.",
    "time": "Measure each layer's forward and backward pass.",
    "draw": "Draw a net: layers, shapes, weights, rates.",
    "show": "Print a net as a table, at any stage from graph to plan.",
    "convert": "Make databases from MNIST, digits or a list of images.",
    "split": "Part a list or a folder of images into train and val lists.",
    "mean": "Compute the mean image of a database.",
    "db": "Look into a database: what it holds, what is damaged.",
    "weights": "Look into files of weights, compare and change them.",
    "zoo": "List nets that are known, and fetch or import trained weights.",
    "export": "Write a net as an ONNX model.",
    "import": "Turn an ONNX model or a state dict into a net with weights.",
    "device-query": "Print the devices and engines found here.",
    "demo": "Train LeNet on small digits, with nothing to download.",
}
INTERRUPTED = 130  # what a shell reports for a process that SIGINT ended


def _with_dashes(name: str) -> str:
    """Let ``--resize_height`` and ``device_query`` mean the names with dashes."""
    return name.replace("_", "-")


@click.group(
    cls=LazyGroup,
    package="netdef.tools",
    commands_by_name=COMMANDS,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": _with_dashes,
    },
)
@click.version_option(__version__)
def netdef() -> None:
    """Train nets that are described by text."""


def _show(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"netdef: warning: {message}", err=True)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status.

    A user's mistake is one line on stderr and status 2, a run that failed one line and
    status 1, an interrupt status 130. A bug of netdef's own keeps its traceback. A field
    that has no effect is a line of warning.
    """
    try:
        with warnings.catch_warnings():
            # What overflows shows in the numbers that a command prints.
            warnings.filterwarnings("ignore", category=RuntimeWarning, module="netdef")
            warnings.filterwarnings("default", category=IgnoredField)
            warnings.showwarning = _show
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

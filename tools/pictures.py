"""Options of the commands that look at pictures, and what they mean."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from netdef.tools.model_options import deployment_of

if TYPE_CHECKING:
    from netdef.deployment import Deployment
    from netdef.net import Net

Function = Callable[..., Any]

_COLORS = (
    click.option(
        "--mean",
        metavar="VALUES|FILE",
        help="Subtract this mean: 104,117,123 or a file, of which each channel's mean is taken.",
    ),
    click.option("--scale", type=float, metavar="F", help="Multiply by this after the mean."),
    click.option(
        "--channel-order",
        type=click.Choice(["bgr", "rgb"]),
        help="The order of channels that the net takes, and of the mean; bgr without it.",
    ),
)
_RESIZE = click.option(
    "--resize",
    metavar="PIXELS",
    help="Resize the shorter side to this, or to HEIGHTxWIDTH; without it to 256 for nets"
    " that take 200 to 256 pixels, else to what the net takes.",
)
_BATCH = click.option(
    "--batch",
    default=16,
    show_default=True,
    type=click.IntRange(min=1),
    help="Pictures that the net sees at once.",
)


def coloring(command: Function) -> Function:
    """Add the options that say what becomes of pictures' values."""
    for option in reversed(_COLORS):
        command = option(command)
    return command


def resizing(command: Function) -> Function:
    """Add the options that say how pictures are prepared."""
    return coloring(_RESIZE(command))


def preparing(command: Function) -> Function:
    """Add the options that say how pictures are prepared, and how many at once."""
    return resizing(_BATCH(command))


def net_of(
    model: str, weights: list[str], blobs: Sequence[str] = ()
) -> "tuple[Net, Deployment | None]":
    """Return the net in the phase TEST with its weights, and what deploys with it, if known.

    If ``blobs`` are named, it is the net that makes them, and keeps them.

    Raises:
        ConfigError: the prototxt is wrong, a file is not there, or there is no such blob.
        WeightsError: the weights do not fit.
    """
    from netdef.net import Net
    from netdef.net_cutting import cut_to
    from netdef.proto import TEST
    from netdef.prototxt import read_net

    known = deployment_of(model, weights)
    text = read_net(known.net if known else model)
    net = Net(cut_to(text, blobs) if blobs else text, TEST, keep="outputs")
    for path in [str(known.weights)] if known else weights:
        net.copy_from(path)
    return net, known

"""``--model`` and ``--weights`` of commands that take a prototxt, a folder or a net of the zoo."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdef.tools import options

if TYPE_CHECKING:
    from netdef.deployment import Deployment

_SCHEME = "zoo:"

model = click.option(
    "--model",
    required=True,
    metavar="NET",
    help="The net's deploy prototxt, a folder that netdef finetune wrote, or zoo:NAME.",
)
weights = options.weights(
    required=False, help="The weights; a folder of netdef finetune and zoo:NAME have their own."
)


def check_weights(model: str, weights: list[str]) -> None:
    """See that weights are given with a prototxt, and none with a folder."""
    if Path(model).is_dir() and weights:
        raise click.UsageError(f"--model {model} is a folder with weights; leave out --weights")
    if not weights and not Path(model).is_dir() and not model.startswith(_SCHEME):
        raise click.UsageError("Missing option '--weights'; only a folder or zoo:NAME has its own.")


def deployment_of(model: str, weights: list[str]) -> "Deployment | None":
    """Return what deploys with a folder or a net of the zoo, None of a prototxt.

    A net of the zoo with other weights than its own is no more than a prototxt.

    Raises:
        MissingFile: the folder is not whole, or the zoo's weights are not here yet.
        UnknownType: the zoo has no such net.
    """
    if Path(model).is_dir():
        from netdef.deployment import read_deployment

        return read_deployment(model)
    if not weights and model.startswith(_SCHEME):
        from netdef.model_zoo.deploying import deployment

        return deployment(model.removeprefix(_SCHEME))
    return None

"""A net whose data layers make batches of a part of their size: each GPU's share of one."""

from dataclasses import replace
from typing import Any

from netdef.errors import ConfigError, at
from netdef.graph import is_included
from netdef.layer import LAYERS, DataLayer
from netdef.proto import LayerParameter, NetParameter
from netdef.solvers.nets import NetChoice


def split_batch(choice: NetChoice, count: int) -> NetChoice:
    """Return a net to train whose batches have ``1 / count`` of their records.

    Raises:
        ConfigError: a batch does not divide so, or a layer does not say how large it is.
    """
    if count == 1:
        return choice
    net = NetParameter()
    net.CopyFrom(choice.text.net)
    for index, layer in enumerate(net.layer):
        if is_included(layer, choice.state) and issubclass(LAYERS[layer.type], DataLayer):
            with at(f"{choice.text.where(index)}: layer {layer.name!r} ({layer.type})"):
                _split(layer, count)
    return replace(choice, text=replace(choice.text, net=net))


def _split(layer: LayerParameter, count: int) -> None:
    sizes = [message for _, message in layer.ListFields() if _has_batch_size(message)]
    if not sizes:
        raise ConfigError(
            f"sets no batch_size that could be split among {count} GPUs; leave out --split-batch"
        )
    for message in sizes:
        size, rest = divmod(message.batch_size, count)
        if rest or not size:
            below, above = size * count, (size + 1) * count
            nearest = f"{below} or {above}" if below else f"{above}"
            raise ConfigError(
                f"a batch of {message.batch_size} does not divide among {count} GPUs; set"
                f" batch_size to {nearest}, or leave out --split-batch"
            )
        message.batch_size = size


def _has_batch_size(message: Any) -> bool:
    fields = getattr(getattr(message, "DESCRIPTOR", None), "fields_by_name", {})
    return "batch_size" in fields and message.HasField("batch_size")

"""A net cut down to the layers that make some of its blobs."""

from collections.abc import Iterable, Sequence

from netdef.errors import ConfigError, did_you_mean
from netdef.graph import is_included
from netdef.proto import TEST, LayerParameter, NetParameter, NetState
from netdef.prototxt import NetText, net_text


def tested_layers(text: NetText) -> list[LayerParameter]:
    """Return the layers of the phase TEST."""
    state = NetState(phase=TEST)
    return [layer for layer in text.net.layer if is_included(layer, state)]


def needed_layers(layers: Sequence[LayerParameter], blobs: Iterable[str]) -> list[LayerParameter]:
    """Return the layers that ``blobs`` come from, in their order."""
    wanted, found = set(blobs), []
    for layer in reversed(layers):
        if wanted.intersection(layer.top):
            found.append(layer)
            wanted.update(layer.bottom)
    return found[::-1]


def kept_name(blob: str) -> str:
    """Return what a blob is called that ``cut_to`` keeps although layers read it."""
    return f"{blob}_kept"


def cut_to(text: NetText, blobs: Sequence[str]) -> NetText:
    """Return the net of the phase TEST that makes ``blobs`` and nothing behind them.

    A plan that keeps outputs only keeps them: a blob that a layer reads is copied to an output,
    its ``kept_name``.

    Raises:
        ConfigError: there is no such blob.
    """
    layers = tested_layers(text)
    known = [top for layer in layers for top in layer.top]
    for name in blobs:
        if name not in known:
            raise ConfigError(f"{text.path}: no blob {name!r}{did_you_mean(name, known)}")
    net = NetParameter(name=text.net.name)
    net.layer.extend(needed_layers(layers, blobs))
    for name in dict.fromkeys(blobs):
        if _is_read(name, net):
            kept = kept_name(name)
            net.layer.add(name=kept, type="Split", bottom=[name], top=[kept])
    return net_text(net, text.path)


def _is_read(blob: str, net: NetParameter) -> bool:
    """Say whether a layer reads what a blob is in the end; what an input is given is kept."""
    (*_, last) = (i for i, layer in enumerate(net.layer) if blob in layer.top)
    is_given = net.layer[last].type == "Input"
    return not is_given and any(blob in layer.bottom for layer in net.layer[last + 1 :])

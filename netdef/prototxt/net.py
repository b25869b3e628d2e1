"""A net's prototxt, read and brought into today's form."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netdef.errors import TextError, at
from netdef.proto import LayerParameter, NetParameter, SolverParameter, V1LayerParameter
from netdef.prototxt.parser import fill
from netdef.prototxt.source import Source, place, read_source
from netdef.prototxt.upgrade_batch_norm import clear_statistics_specs
from netdef.prototxt.upgrade_inputs import input_layers
from netdef.prototxt.upgrade_transforms import move_transforms, warn_of_unread
from netdef.prototxt.upgrade_v0 import merge_padding, v1_layer
from netdef.prototxt.upgrade_v1 import current_layer
from netdef.zoo_names import found_file

Placed = tuple[LayerParameter, int]


@dataclass(frozen=True)
class NetText:
    """A net in today's form, and where each layer is written."""

    net: NetParameter
    path: str
    lines: tuple[int, ...]

    def where(self, index: int) -> str:
        """Return the place of ``net.layer[index]``: ``lenet.prototxt:31``."""
        return place(self.path, self.lines[index])


def read_net(path: Path | str) -> NetText:
    """Read a net from a prototxt of any age, or one of the zoo: ``zoo:lenet``.

    Raises:
        MissingFile: the file cannot be read.
        TextError: it is not the text of a net.
        FieldError: something in an old form has no meaning.
    """
    return _parse(read_source(found_file(path, "model")))


def parse_net(text: str, path: str) -> NetText:
    """Parse a net as ``read_net`` does; ``path`` is what errors call the text."""
    return _parse(Source(text, path))


def net_text(net: NetParameter, path: str) -> NetText:
    """Bring a net that is a message, not a text, into today's form; ``path`` is its name."""
    own = NetParameter()
    own.CopyFrom(net)
    written = [(field, 0) for field in ("input", "layer", "layers") for _ in getattr(net, field)]
    return _upgrade(own, path, written)


def _parse(source: Source) -> NetText:
    net = NetParameter()
    written = fill(net, source, {"solver": SolverParameter.DESCRIPTOR})
    return _upgrade(net, source.path, written)


def _upgrade(net: NetParameter, path: str, written: Sequence[tuple[str, int]]) -> NetText:
    lines = {
        name: [line for n, line in written if n == name] for name in ("input", "layer", "layers")
    }
    if net.layer and net.layers:
        raise TextError(
            f"{place(path, lines['layers'][0])}: 'layers' (the form of 2014) and 'layer' "
            f"({place(path, lines['layer'][0])}) are mixed; write all in one form"
        )
    layers = [*_inputs(net, path, lines["input"]), *_current(net, path, lines)]
    for name in ("input", "input_shape", "input_dim", "layers", "layer"):
        net.ClearField(name)
    for layer, _ in layers:
        clear_statistics_specs(layer)
        net.layer.append(layer)
    return NetText(net, path, tuple(line for _, line in layers))


def _inputs(net: NetParameter, path: str, lines: Sequence[int]) -> list[Placed]:
    if not net.input:
        return []
    with at(place(path, lines[0])):
        return list(zip(input_layers(net), lines, strict=True))


def _current(net: NetParameter, path: str, lines: dict[str, list[int]]) -> list[Placed]:
    if net.layer:
        placed = list(zip(list(net.layer), lines["layer"], strict=True))
        for layer, line in placed:
            warn_of_unread(layer, f"{place(path, line)}: layer {layer.name!r} ({layer.type})")
        return placed
    layers = merge_padding(zip(net.layers, lines["layers"], strict=True), path)
    return [(_layer_of_today(old, place(path, line)), line) for old, line in layers]


def _layer_of_today(layer: V1LayerParameter, where: str) -> LayerParameter:
    with at(f"{where}: layer {layer.name or layer.layer.name!r}"):
        if layer.HasField("layer"):
            layer = v1_layer(layer)
        move_transforms(layer)
        return current_layer(layer)

"""A net as it is deployed: inputs in the place of data layers, and no losses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from netdef.errors import ConfigError, MissingFile, at, did_you_mean
from netdef.graph import Graph, Node, build, is_included
from netdef.layer import DataLayer
from netdef.net_cutting import needed_layers
from netdef.proto import LayerParameter, NetParameter, NetState, Phase
from netdef.prototxt import NetText
from netdef.shape import Shape

_SAID_BY_LOSSES = {
    "SoftmaxWithLoss": "Softmax",
    "FocalLoss": "Softmax",
    "InfogainLoss": "Softmax",
    "SigmoidCrossEntropyLoss": "Sigmoid",
}
"""The layer in whose place a deployed net has the loss."""

_LEFT_OUT = ("Accuracy", "HDF5Output")

Placed = tuple[LayerParameter, int]


def as_deployed(
    text: NetText,
    phase: int,
    level: int = 0,
    stages: Sequence[str] = (),
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> NetText:
    """Return the net of one phase as it is deployed.

    The tops of data layers become inputs, of the shapes that are given; or of the data's, if
    none is given for a layer.
    A loss that holds a softmax or a sigmoid becomes that; other losses, Accuracy and
    HDF5Output are left out, and then whatever leads to no output.

    Raises:
        ConfigError: ``shapes`` names no input, or nothing is left.
        MissingFile, DataError: data that should tell a shape cannot be read.
    """
    graph = build(text, phase, level, stages)
    state = NetState(phase=cast("Phase.ValueType", phase), level=level, stage=stages)
    included = (i for i, layer in enumerate(text.net.layer) if is_included(layer, state))
    deploying = _Deploying(text, graph, shapes or {})
    pairs = zip(graph.nodes, included, strict=True)
    layers = [placed for node, index in pairs for placed in deploying.layers(node, index)]
    deploying.check_names()
    kept = _needed(build(_net(text, layers), phase, level, stages), layers)
    if not kept:
        raise ConfigError(f"{text.path}: nothing but data and losses is in this phase")
    deploying.check_known({top for layer, _ in kept for top in layer.top})
    return _net(text, kept)


def _needed(graph: Graph, layers: Sequence[Placed]) -> list[Placed]:
    """Return the layers that lead to outputs that are no inputs, and each Silence of theirs."""
    filled = {top for node in graph.nodes if node.type == "Input" for top in node.tops}
    outputs = [name for name in graph.outputs if graph.blobs[name] not in filled]
    kept = needed_layers([layer for layer, _ in layers], outputs)
    names = {layer.name for layer in kept}
    made = {top for layer in kept if layer.type != "Input" for top in layer.top}
    for layer, _ in layers:
        if layer.type == "Silence":
            layer.bottom[:] = [bottom for bottom in layer.bottom if bottom in made]
            names.update([layer.name] if layer.bottom else [])
    return [(layer, line) for layer, line in layers if layer.name in names]


def _net(text: NetText, layers: Sequence[Placed]) -> NetText:
    net = NetParameter(name=text.net.name, layer=[layer for layer, _ in layers])
    return NetText(net, text.path, tuple(line for _, line in layers))


class _Deploying:
    """Turns nodes into the layers of the deployed net."""

    def __init__(self, text: NetText, graph: Graph, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.text, self.shapes = text, shapes
        self.inputs: list[str] = []
        self.unknown: set[str] = set()
        """Tops of data layers without a shape, beside others with one that is given."""
        self.said: set[tuple[str, str]] = set()
        self.gone: set[str] = set()
        self.taken = set(graph.blobs)

    def layers(self, node: Node, index: int) -> Iterator[Placed]:
        proto, line = self.text.net.layer[index], self.text.lines[index]
        if isinstance(node.layer, DataLayer) or node.type == "Input":
            for i, (top, shape) in enumerate(self._inputs(node)):
                yield _input(f"{node.name}/{top}" if i else node.name, top, shape), line
        elif self._is_left_out(node):
            answer = (node.bottoms[0], _SAID_BY_LOSSES.get(node.type, ""))
            names_it = len(node.tops) > 1
            says = bool(answer[1]) and (names_it or answer not in self.said)
            self.gone.update(node.tops[:1] if says else node.tops)
            if says:
                self.said.add(answer)
                yield self._said_by(node, proto), line
        else:
            own = LayerParameter()
            own.CopyFrom(proto)
            for name in ("include", "exclude"):
                own.ClearField(name)
            yield own, line

    def _is_left_out(self, node: Node) -> bool:
        """Tell whether a layer scores what the net says, or works on such scores."""
        scores = bool(node.layer.loss_weight) or node.type in _LEFT_OUT
        return scores or not self.gone.isdisjoint(node.bottoms)

    def _inputs(self, node: Node) -> Iterator[tuple[str, Shape]]:
        self.inputs += node.tops
        with at(str(node)):
            if isinstance(node.layer, DataLayer) and any(top in self.shapes for top in node.tops):
                self.unknown.update(top for top in node.tops if top not in self.shapes)
                found = [Shape(())] * len(node.tops)
            else:
                found = _found(node)
        for top, shape in zip(node.tops, found, strict=True):
            yield top, Shape(self.shapes.get(top, shape))

    def _said_by(self, node: Node, proto: LayerParameter) -> LayerParameter:
        plain = f"{node.name}_prob" if "prob" in self.taken else "prob"
        top = proto.top[1] if len(proto.top) > 1 else plain
        self.taken.add(top)
        said = LayerParameter(
            name=node.name, type=_SAID_BY_LOSSES[node.type], bottom=[proto.bottom[0]], top=[top]
        )
        if said.type == "Softmax":
            axis: int = getattr(node.layer, "axis")  # noqa: B009
            said.softmax_param.axis = axis
        return said

    def check_names(self) -> None:
        """See that every shape that is given belongs to an input.

        Raises:
            ConfigError: one does not.
        """
        for name in self.shapes:
            if name not in self.inputs:
                raise ConfigError(
                    f"{self.text.path}: has no input {name!r}{did_you_mean(name, self.inputs)}"
                )

    def check_known(self, kept: set[str]) -> None:
        """See that every input that is kept has a shape.

        Raises:
            ConfigError: one has none.
        """
        for name in sorted(self.unknown & kept):
            raise ConfigError(f"{self.text.path}: give --input-shape {name}=... too")


def _found(node: Node) -> list[Shape]:
    """Return the shapes that a layer gives its tops; data may have to be read for them."""
    try:
        return list(node.layer.signature([], node.tops).tops)
    except MissingFile as error:
        raise MissingFile(f"{error}; without it, give --input-shape {node.tops[0]}=...") from None


def _input(name: str, top: str, shape: Shape) -> LayerParameter:
    layer = LayerParameter(name=name, type="Input", top=[top])
    layer.input_param.shape.add(dim=shape)
    return layer

"""Telling what a file of weights is: by its checksum, or by its layers."""

import math
from pathlib import Path

from netdef.errors import WeightsError
from netdef.graph import Graph, build
from netdef.infer import infer
from netdef.io.weights import read_weights
from netdef.loading import match
from netdef.model_zoo.checksum import checksum
from netdef.model_zoo.nets import names, prototxt
from netdef.model_zoo.weights_table import table
from netdef.proto import TEST
from netdef.prototxt import read_net

_WEIGHTED = ("Convolution", "Deconvolution", "InnerProduct", "Embed", "LSTM")


def by_checksum(path: Path) -> str | None:
    """Return the name of the published weights that a file is, or None.

    Raises:
        MissingFile: the file cannot be read.
    """
    kinds = {row.checksum.partition(":")[0] for row in table()}
    found = {f"{kind}:{checksum(path, kind)}" for kind in kinds}
    return next((row.name for row in table() if row.checksum in found), None)


def by_layers(path: Path) -> list[str]:
    """Return the nets of the zoo whose layers all have their weights in a file, in their shapes.

    A small net may be a part of a larger one: those that use most of the file count.

    Raises:
        MissingFile: the file cannot be read.
        WeightsError: it is damaged or of another kind.
    """
    held = {name for name, layer in read_weights(path).items() if layer.blobs}
    unused = {name: _unused(path, name, held) for name in names()}
    least = min(unused.values())
    return [name for name, count in unused.items() if count == least < math.inf]


def _unused(path: Path, name: str, held: set[str]) -> float:
    """Return how many layers of the file the net has no place for; infinity if it does not fit."""
    graph = build(read_net(prototxt(name)), TEST)
    if not held or not {n.name for n in graph.nodes if n.type in _WEIGHTED} <= held:
        return math.inf
    try:
        _, report = match(str(path), _weights(graph), graph)
    except WeightsError:
        return math.inf
    return math.inf if report.kept else len(report.ignored)


def _weights(graph: Graph) -> dict[str, list[object]]:
    found = infer(graph).params
    return {layer: [p.weight for p in params] for layer, params in found.items() if params}

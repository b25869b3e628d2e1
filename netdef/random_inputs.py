"""Numbers to try a net on: drawn at random, but such as its layers can take."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.graph import Graph, Node
from netdef.infer import Shapes
from netdef.shape import Shape

Array = NDArray[Any]


def random_inputs(graph: Graph, shapes: Shapes, seed: int = 0) -> dict[str, Array]:
    """Return numbers for every input: normal ones, or numbers and gates where a layer needs such.

    An input that is rows of a table, items of a batch, ends of sequences or regions of an image
    for the layer that reads it first gets those.
    """
    rng = np.random.default_rng(seed)
    return {name: _values(name, graph, shapes, rng) for name in graph.inputs}


def _values(name: str, graph: Graph, shapes: Shapes, rng: np.random.Generator) -> Array:
    shape = shapes.blobs[name]
    for node in graph.nodes:
        if name in node.bottoms:
            draw = _DRAWN.get((node.type, node.bottoms.index(name)))
            if node.type == "Filter" and name == node.bottoms[-1]:
                draw = _gates
            if draw:
                return draw(node, shapes, shape, rng).astype(np.float32)
    return rng.standard_normal(shape).astype(np.float32)


def _gates(node: Node, shapes: Shapes, shape: Shape, rng: np.random.Generator) -> Array:
    """1 mostly, else 0."""
    return rng.random(shape) < 0.7


def _rows(node: Node, shapes: Shapes, shape: Shape, rng: np.random.Generator) -> Array:
    rows: int = getattr(node.layer, "input_dim")  # noqa: B009
    return rng.integers(rows, size=shape)


def _items(node: Node, shapes: Shapes, shape: Shape, rng: np.random.Generator) -> Array:
    return rng.integers(shapes.blobs[node.bottoms[0]][0], size=shape)


def _regions(node: Node, shapes: Shapes, shape: Shape, rng: np.random.Generator) -> Array:
    """The number of an image, and two corners in it."""
    items, _, *sides = shapes.blobs[node.bottoms[0]]
    scale: float = getattr(node.layer, "spatial_scale")  # noqa: B009
    ends = np.sort(rng.random((shape[0], 2, 2)), axis=1) * sides[::-1] / scale
    rows = np.concatenate([rng.integers(items, size=(shape[0], 1)), ends.reshape(-1, 4)], axis=1)
    return rows.reshape(shape)


def _places(node: Node, shapes: Shapes, shape: Shape, rng: np.random.Generator) -> Array:
    """Places in the planes of the top, none of them twice in one plane."""
    size = Shape(shapes.blobs[node.tops[0]][2:]).size
    planes, pixels = Shape(shape[:2]).size, Shape(shape[2:]).size
    drawn = [rng.permutation(size)[:pixels] for _ in range(planes)]
    return np.stack(drawn).reshape(shape)


Draw = Callable[[Node, Shapes, Shape, np.random.Generator], Array]

_DRAWN: dict[tuple[str, int], Draw] = {
    ("Embed", 0): _rows,
    ("BatchReindex", 1): _items,
    ("LSTM", 1): _gates,
    ("RNN", 1): _gates,
    ("LSTMUnit", 2): _gates,
    ("ROIPooling", 1): _regions,
    ("PSROIPooling", 1): _regions,
    ("Upsample", 1): _places,
}
"""What fills a bottom of a type of layer that does not take all numbers."""

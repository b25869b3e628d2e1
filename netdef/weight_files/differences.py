"""How two files of weights differ."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from netdef.io.blobs import Array
from netdef.io.weights import LayerWeights, read_weights
from netdef.loading import is_same_in_four_axes

Dims = tuple[int, ...]


@dataclass(frozen=True)
class ValueDifference:
    """Of two blobs of one shape.

    ``absolute`` is the largest ``|a - b|``, ``relative`` the largest ``|a - b| / max(|a|, |b|)``,
    both infinite where one has a NaN or another infinity than the other.
    """

    layer: str
    blob: int
    absolute: float
    relative: float
    count: int
    """How many values differ."""


@dataclass
class Differences:
    """Layers with weights that only one file has, blobs of other shapes, and of other values."""

    only_first: list[str] = field(default_factory=list)
    only_second: list[str] = field(default_factory=list)
    shapes: list[tuple[str, list[Dims], list[Dims]]] = field(default_factory=list)
    values: list[ValueDifference] = field(default_factory=list)
    equal: int = 0
    """How many blobs are equal."""

    def __bool__(self) -> bool:
        return bool(self.only_first or self.only_second or self.shapes or self.values)


def differences(first: str, second: str, tolerance: float = 0.0) -> Differences:
    """Compare two files of weights, of whatever formats; layers without weights do not count.

    Values that differ by no more than ``tolerance`` are equal, and so are the shapes that Caffe
    once had, (1, 1, N, K), and today's (N, K).

    Raises:
        MissingFile: a file cannot be read.
        WeightsError: one is damaged or of another kind.
    """
    a, b = _weighted(first), _weighted(second)
    found = Differences(
        only_first=[name for name in a if name not in b],
        only_second=[name for name in b if name not in a],
    )
    for name in a:
        if name in b:
            _compare(found, name, a[name].blobs, b[name].blobs, tolerance)
    return found


def _weighted(path: str) -> dict[str, LayerWeights]:
    return {name: layer for name, layer in read_weights(path).items() if layer.blobs}


def _compare(
    found: Differences, name: str, a: list[Array], b: list[Array], tolerance: float
) -> None:
    shapes = [x.shape for x in a], [x.shape for x in b]
    if len(a) != len(b) or not all(map(_is_same, *shapes)):
        found.shapes.append((name, *shapes))
        return
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        one = _difference(name, i, x.ravel(), y.ravel(), tolerance)
        if one.count:
            found.values.append(one)
        else:
            found.equal += 1


def _is_same(a: Dims, b: Dims) -> bool:
    return a == b or is_same_in_four_axes(a, b) or is_same_in_four_axes(b, a)


def _difference(name: str, blob: int, a: Array, b: Array, tolerance: float) -> ValueDifference:
    is_equal = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        gap = np.abs(a.astype(np.float64) - b)
        gap[is_equal], gap[np.isnan(gap)] = 0.0, np.inf
        relative = gap / np.maximum(np.abs(a), np.abs(b)).astype(np.float64)
    relative[is_equal], relative[np.isnan(relative)] = 0.0, np.inf
    count = int((gap > tolerance).sum())
    return ValueDifference(name, blob, _largest(gap), _largest(relative), count)


def _largest(values: Iterable[float]) -> float:
    return float(np.max(values, initial=0.0))  # type: ignore[call-overload]

"""Blobs laid side by side, and parts taken out of them."""

from collections.abc import Sequence

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Blob
from netdef.onnx_import.operation import Operation, imports


@imports("Concat")
def concat(op: Operation) -> Blob:
    """Blobs side by side."""
    blobs = [op.blob(i) for i in range(len(op.inputs))]
    axis = op.attributes["axis"] % len(blobs[0].shape)
    fields = {} if axis == 1 else {"axis": axis}
    return op.layer("Concat", *blobs, concat_param=fields)


@imports("Split")
def split(op: Operation) -> list[Blob]:
    """Parts along an axis."""
    axis = op.attributes.get("axis", 0) % len(op.x.shape)
    length = op.x.shape[axis]
    given = op.numbers(1, "split")
    part = -(-length // op.outputs)
    lengths = given or [min(part, length - i * part) for i in range(op.outputs)]
    return _sliced(op, op.x, axis, [int(v) for v in np.cumsum(lengths)[:-1]])


def _sliced(op: Operation, x: Blob, axis: int, points: Sequence[int]) -> list[Blob]:
    """Cut a blob before each of ``points``."""
    if not points:
        return [x]
    fields = {"axis": axis, "slice_point": points}
    return op.builder.add("Slice", op.name, [x], (), len(points) + 1, slice_param=fields)


@imports("Slice")
def slice_(op: Operation) -> Blob:
    """A part along some axes.

    Raises:
        ConfigError: it takes not every number, or none.
    """
    starts, ends = op.numbers(1, "starts"), op.numbers(2, "ends")
    axes, steps = op.numbers(3, "axes"), op.numbers(4, "steps")
    assert starts is not None
    assert ends is not None
    if steps and set(steps) != {1}:
        raise ConfigError(f"its steps {steps} leave numbers out or turn them; only 1 has a layer")
    value = op.x
    for start, end, axis in zip(starts, ends, axes or range(len(starts)), strict=True):
        value = _part(op, value, axis % len(value.shape), start, end)
    return value


def _part(op: Operation, x: Blob, axis: int, start: int, end: int) -> Blob:
    """Return the part of x from start to end along an axis."""
    length = x.shape[axis]
    first, stop, _ = slice(start, end).indices(length)
    if first >= stop:
        raise ConfigError(f"takes nothing of the axis {axis} of {x.shape}")
    edges = [0, first, stop, length]
    points = sorted({e for e in edges if 0 < e < length})
    parts = _sliced(op, x, axis, points)
    return parts[[0, *points].index(first)]


@imports("Gather")
def gather(op: Operation) -> Blob:
    """Rows of a table by number, or one place along an axis.

    Raises:
        ConfigError: it is neither.
    """
    axis = op.attributes.get("axis", 0)
    if op.is_constant(0) and axis == 0 and op.constant(0).ndim == 2:
        table = op.constant(0)
        fields = {"input_dim": len(table), "num_output": table.shape[1], "bias_term": False}
        return op.layer("Embed", op.blob(1), weights=[table], embed_param=fields)
    index = op.constant(1)
    if index.size != 1:
        raise ConfigError(
            f"takes the places {index.tolist()}; only one, or rows of a table, can be"
        )
    axis, place = axis % len(op.x.shape), int(index.reshape(()))
    place %= op.x.shape[axis]
    part = _part(op, op.x, axis, place, place + 1)
    kept = [n for i, n in enumerate(part.shape) if i != axis or index.ndim]
    return op.reshaped(part, kept)

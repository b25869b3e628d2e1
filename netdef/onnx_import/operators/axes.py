"""The same numbers in other places: axes, parts, orders, repetitions."""

from collections.abc import Sequence

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Blob
from netdef.onnx_import.operation import Operation, imports
from netdef.shape import Shape


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


@imports("Transpose")
def transpose(op: Operation) -> Blob:
    """Axes in another order."""
    order = op.attributes.get("perm", list(range(len(op.x.shape)))[::-1])
    if list(order) == sorted(order):
        return op.x
    return op.layer("Permute", permute_param={"order": order})


@imports("Reshape")
def reshape(op: Operation) -> Blob:
    """Another shape."""
    given, shape = [int(n) for n in op.constant(1)], op.x.shape
    if not op.attributes.get("allowzero", 0):
        given = [shape[i] if n == 0 else n for i, n in enumerate(given)]
    if -1 in given:
        known = Shape(n for n in given if n != -1).size
        given[given.index(-1)] = shape.size // max(known, 1)
    return op.reshaped(op.x, given)


@imports("Flatten")
def flatten(op: Operation) -> Blob:
    """Two axes."""
    axis = op.attributes.get("axis", 1)
    before, behind = op.x.shape.split(axis)
    if axis == 1 and len(op.x.shape) > 2:
        return op.layer("Flatten")
    return op.reshaped(op.x, (before.size, behind.size))


@imports("Squeeze", "Unsqueeze")
def squeeze(op: Operation) -> Blob:
    """Axes of length 1, left out or put in."""
    axes, shape = op.numbers(1, "axes"), list(op.x.shape)
    if op.kind == "Unsqueeze":
        assert axes is not None
        for axis in sorted(a % (len(shape) + len(axes)) for a in axes):
            shape.insert(axis, 1)
        return op.reshaped(op.x, shape)
    out = [a for a, n in enumerate(shape) if n == 1] if axes is None else axes
    gone = {a % len(shape) for a in out}
    return op.reshaped(op.x, [n for i, n in enumerate(shape) if i not in gone])


@imports("Tile")
def tile(op: Operation) -> Blob:
    """Copies along axes."""
    value = op.x
    for axis, tiles in enumerate(op.constant(1).tolist()):
        if tiles != 1:
            value = op.layer("Tile", value, tile_param={"axis": axis, "tiles": tiles})
    return value


@imports("Expand")
def expand(op: Operation) -> Blob:
    """Copies along axes of length 1."""
    wide = np.broadcast_shapes(op.x.shape, tuple(int(n) for n in op.constant(1)))
    value = op.reshaped(op.x, (*(1,) * (len(wide) - len(op.x.shape)), *op.x.shape))
    for axis, length in enumerate(wide):
        if value.shape[axis] != length:
            value = op.layer("Tile", value, tile_param={"axis": axis, "tiles": length})
    return value


@imports("DepthToSpace")
def depth_to_space(op: Operation) -> Blob:
    """Channels that become blocks of pixels."""
    block, (items, channels, rows, columns) = op.attributes["blocksize"], op.x.shape
    kept = channels // block**2
    if op.attributes.get("mode", "DCR") == "DCR":
        parted, order = (items, block, block, kept, rows, columns), [0, 3, 4, 1, 5, 2]
    else:
        parted, order = (items, kept, block, block, rows, columns), [0, 1, 4, 2, 5, 3]
    mixed = op.layer("Permute", op.reshaped(op.x, parted), permute_param={"order": order})
    return op.reshaped(mixed, (items, kept, rows * block, columns * block))


@imports("SpaceToDepth")
def space_to_depth(op: Operation) -> Blob:
    """Blocks of pixels that become channels."""
    block, (items, channels, rows, columns) = op.attributes["blocksize"], op.x.shape
    rows, columns = rows // block, columns // block
    parted = op.reshaped(op.x, (items, channels, rows, block, columns, block))
    mixed = op.layer("Permute", parted, permute_param={"order": [0, 3, 5, 1, 2, 4]})
    return op.reshaped(mixed, (items, channels * block**2, rows, columns))


@imports("Pad")
def pad(op: Operation) -> Blob:
    """Zeros around images, which the convolution or pooling behind takes in.

    Raises:
        ConfigError: it pads with other numbers, or other axes.
    """
    op.only(mode="constant")
    given = op.numbers(1, "pads") or []
    value = op.constant(2).reshape(()) if op.has(2) else op.attributes.get("value", 0)
    rank = len(op.x.shape)
    axes = [a % rank for a in op.numbers(3, "axes") or range(rank)]
    pairs = dict(zip(axes, zip(given[: len(axes)], given[len(axes) :], strict=True), strict=True))
    ends = [pairs.get(axis, (0, 0)) for axis in range(rank)]
    if all(pair == (0, 0) for pair in ends):
        return op.x
    if value != 0 or any(pair != (0, 0) for pair in ends[:2]) or min(map(min, ends)) < 0:
        raise ConfigError(
            f"pads {given} with {float(value):g}; only zeros around images have a layer"
        )
    if op.x.padding:
        raise ConfigError("pads what another Pad made; make one of both")
    return Blob(op.x.name, op.x.shape, tuple(ends[2:]))


@imports("Resize", "Upsample")
def resize(op: Operation) -> Blob:
    """Pixels repeated, by a Deconvolution of ones, or interpolated from corner to corner.

    Raises:
        ConfigError: it interpolates in another way, or by no whole number.
    """
    shape = op.x.shape
    size = _size(op)
    how = op.attributes.get("coordinate_transformation_mode", "half_pixel")
    if op.kind == "Upsample":
        how = "asymmetric"
    mode = op.attributes.get("mode", "nearest")
    if tuple(size) == tuple(shape):
        return op.x
    if len(shape) == _IMAGES and tuple(size[:2]) == shape[:2]:
        if mode == "linear" and how == "align_corners":
            return op.layer("Interp", interp_param={"height": size[2], "width": size[3]})
        factors = [to // of for to, of in zip(size[2:], shape[2:], strict=True)]
        is_whole = [to * of for to, of in zip(factors, shape[2:], strict=True)] == list(size[2:])
        if mode == "nearest" and is_whole and _repeats(op, how):
            return _repeated(op, factors)
    raise ConfigError(
        f"resizes {shape} to {tuple(size)}, {mode} and {how}; only nearest by whole numbers and"
        " linear with align_corners have layers"
    )


_IMAGES = 4


def _size(op: Operation) -> list[int]:
    if op.has(3):
        return [int(n) for n in op.constant(3)]
    place = 1 if op.kind == "Upsample" or op.opset < _RESIZE_OF_FOUR_INPUTS else 2
    scales = op.constant(place) if op.has(place) else op.attributes["scales"]
    return [int(np.floor(n * float(s))) for n, s in zip(op.x.shape, scales, strict=True)]


_RESIZE_OF_FOUR_INPUTS = 11


def _repeats(op: Operation, how: str) -> bool:
    """Tell whether each pixel becomes a block of equal ones."""
    rounding = op.attributes.get("nearest_mode", "round_prefer_floor")
    return (how == "asymmetric" and (rounding == "floor" or op.kind == "Upsample")) or (
        how == "half_pixel" and rounding.startswith("round")
    )


def _repeated(op: Operation, factors: Sequence[int]) -> Blob:
    channels = op.x.shape[1]
    sides = {"h": factors[0], "w": factors[1]}
    fields = {f"{name}_{axis}": n for name in ("kernel", "stride") for axis, n in sides.items()}
    fields |= {"num_output": channels, "group": channels, "bias_term": False}
    ones = np.ones((channels, 1, *factors), np.float32)
    return op.layer("Deconvolution", weights=[ones], convolution_param=fields)


@imports("ArgMax")
def arg_max(op: Operation) -> Blob:
    """The place of the largest number."""
    axis = op.attributes.get("axis", 0) % len(op.x.shape)
    place = op.layer("ArgMax", argmax_param={"axis": axis})
    if op.attributes.get("keepdims", 1):
        return place
    return op.reshaped(place, [n for i, n in enumerate(place.shape) if i != axis])


_REDUCTIONS = {
    "ReduceSum": "SUM",
    "ReduceMean": "MEAN",
    "ReduceL1": "ASUM",
    "ReduceSumSquare": "SUMSQ",
}


@imports("ReduceMax", *_REDUCTIONS)
def reduction(op: Operation) -> Blob:
    """A sum or mean over the last axes, or pooling over images.

    Raises:
        ConfigError: it is over other axes, or no layer's.
    """
    rank = len(op.x.shape)
    axes = sorted(a % rank for a in op.numbers(1, "axes") or range(rank))
    keeps = bool(op.attributes.get("keepdims", 1))
    kept = [1 if i in axes else n for i, n in enumerate(op.x.shape) if keeps or i not in axes]
    if rank == _IMAGES and axes == [2, 3] and op.kind in ("ReduceMean", "ReduceMax"):
        pool = {"pool": "AVE" if op.kind == "ReduceMean" else "MAX", "global_pooling": True}
        return op.reshaped(op.layer("Pooling", pooling_param=pool), kept)
    if axes != list(range(axes[0], rank)) or op.kind not in _REDUCTIONS:
        raise ConfigError(f"is over the axes {axes} of {rank}, which no layer reduces so")
    fields = {"operation": _REDUCTIONS[op.kind], "axis": axes[0]}
    return op.reshaped(op.layer("Reduction", reduction_param=fields), kept)

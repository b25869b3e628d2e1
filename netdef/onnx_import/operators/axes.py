"""The same numbers along other axes."""

import numpy as np

from netdef.onnx_import.net_builder import Blob
from netdef.onnx_import.operation import Operation, imports
from netdef.shape import Shape


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

"""The same numbers in other places: axes, parts, orders, repetitions."""

from collections.abc import Sequence

from netdef.onnx_export.part import Part, exports


@exports("Split")
def split(part: Part) -> None:
    """Copies."""
    for top in part.tops:
        part.add("Identity", part.x, to=top)


@exports("Silence")
def silence(part: Part) -> None:
    """Nothing: only what is no output is silenced."""


@exports("Concat")
def concat(part: Part) -> None:
    """Blobs side by side."""
    part.add("Concat", *part.bottoms, to=part.y, axis=part.layer.axis)


@exports("Slice")
def slice_(part: Part) -> None:
    """Parts along an axis."""
    axis = part.x_shape.axis(part.layer.axis)
    lengths = tuple(shape[axis] for shape in part.top_shapes)
    part.several("Split", [part.x, lengths], part.tops, axis=axis)


@exports("Flatten", "Reshape")
def reshape(part: Part) -> None:
    """Another shape."""
    part.reshape(part.x, part.y_shape, to=part.y)


@exports("Permute")
def permute(part: Part) -> None:
    """Axes in another order."""
    order: Sequence[int] = part.layer.order
    rest = [axis for axis in range(len(part.x_shape)) if axis not in order]
    part.add("Transpose", part.x, to=part.y, perm=[*order, *rest])


@exports("ShuffleChannel")
def shuffle_channel(part: Part) -> None:
    """The channels of groups, mixed."""
    items, channels, *image = part.x_shape
    grouped = (items, part.layer.group, channels // part.layer.group, *image)
    turned = [0, 2, 1, *range(3, len(grouped))]
    mixed = part.add("Transpose", part.reshape(part.x, grouped), perm=turned)
    part.reshape(mixed, part.x_shape, to=part.y)


@exports("Tile")
def tile(part: Part) -> None:
    """Copies along an axis."""
    repeats = [1] * len(part.x_shape)
    repeats[part.x_shape.axis(part.layer.axis)] = part.layer.tiles
    part.add("Tile", part.x, repeats, to=part.y)


@exports("Crop")
def crop(part: Part) -> None:
    """A part of x, along the axes in which it is smaller."""
    first = part.x_shape.axis(part.layer.axis)
    given = part.layer.offset or (0,)
    cropped = len(part.x_shape) - first
    starts = given if len(given) == cropped else given * cropped
    axes = [a for a in range(first, len(part.x_shape)) if part.x_shape[a] != part.y_shape[a]]
    begins = [starts[a - first] for a in axes]
    ends = [begin + part.y_shape[a] for begin, a in zip(begins, axes, strict=True)]
    if axes:
        part.add("Slice", part.x, begins, ends, axes, to=part.y)
    else:
        part.add("Identity", part.x, to=part.y)


@exports("BatchReindex")
def batch_reindex(part: Part) -> None:
    """Items by number."""
    part.add("Gather", part.x, part.cast(part.bottoms[1], "int64"), to=part.y, axis=0)


@exports("Filter")
def filter_(part: Part) -> None:
    """The items whose selector is not 0: how many depends on it."""
    selector = part.cast(part.reshape(part.bottoms[-1], (-1,)), "bool")
    part.body.varying.update(part.tops)
    for bottom, top in zip(part.bottoms, part.tops, strict=False):
        part.add("Compress", bottom, selector, to=top, axis=0)


@exports("ArgMax")
def arg_max(part: Part) -> None:
    """The places of the largest numbers; of equal ones the last, so TopK sees them reversed."""
    layer, value, axis = part.layer, part.x, part.layer.axis
    if axis is None:
        value, axis = part.add("Flatten", part.x, axis=1), 1
    length = part.x_shape[axis] if layer.axis is not None else part.x_shape.split(1)[1].size
    backwards = part.add("Slice", value, [-1], [-length - 1], [axis], [-1])
    largest, place = part.several("TopK", [backwards, [layer.top_k]], [None, None], axis=axis)
    place = part.add("Sub", float(length - 1), part.cast(place, "float"))
    if layer.axis is not None:
        part.add("Identity", largest if layer.out_max_val else place, to=part.y)
        return
    rows = part.add("Concat", place, largest, axis=1) if layer.out_max_val else place
    part.reshape(rows, part.y_shape, to=part.y)

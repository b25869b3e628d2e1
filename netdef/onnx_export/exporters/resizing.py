"""Images made larger or smaller."""

from netdef.onnx_export.part import Part, exports


@exports("Upsample")
def upsample(part: Part) -> None:
    """Zeros, and each pixel at its place in its plane."""
    items, channels, rows, columns = part.y_shape
    planes = part.add("Slice", part.add("Shape", part.x), [0], [2], [0])
    zeros = part.add("ConstantOfShape", part.add("Concat", planes, [rows * columns], axis=0))
    index = part.cast(part.reshape(part.bottoms[1], (0, 0, -1)), "int64")
    pixels = part.reshape(part.x, (0, 0, -1))
    filled = part.add("ScatterElements", zeros, index, pixels, axis=2)
    part.reshape(filled, (items, channels, rows, columns), to=part.y)


@exports("Interp")
def interp(part: Part) -> None:
    """A resize whose corners stay where they are."""
    layer, value = part.layer, part.x
    if layer.pad_beg or layer.pad_end:
        begins = [-layer.pad_beg] * 2
        ends = [side + layer.pad_end for side in part.x_shape[2:]]
        value = part.add("Slice", value, begins, ends, [2, 3])
    planes = part.add("Slice", part.add("Shape", part.x), [0], [2], [0])
    sizes = part.add("Concat", planes, list(part.y_shape[2:]), axis=0)
    mode = dict(mode="linear", coordinate_transformation_mode="align_corners")
    part.add("Resize", value, "", "", sizes, to=part.y, **mode)

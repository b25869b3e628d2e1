"""Boxes in images: regions that are pooled, and priors."""

import numpy as np

from netdef.onnx_export.part import Part, exports


@exports("PriorBox")
def prior_box(part: Part) -> None:
    """A constant: boxes depend on shapes alone."""
    part.add("Identity", part.tables["boxes"], to=part.y)


@exports("ROIPooling")
def roi_pooling(part: Part) -> None:
    """MaxRoiPool, which rounds as Fast R-CNN did."""
    layer = part.layer
    part.add(
        "MaxRoiPool",
        part.x,
        part.reshape(part.bottoms[1], (-1, 5)),
        to=part.y,
        pooled_shape=[layer.pooled_h, layer.pooled_w],
        spatial_scale=layer.spatial_scale,
    )


@exports("PSROIPooling")
def psroi_pooling(part: Part) -> None:
    """Means of parts by an integral image: four of its corners for each part."""
    layer, (_, channels, height, width) = part.layer, part.x_shape
    grid, outputs = layer.group_size, layer.output_dim
    regions = part.reshape(part.bottoms[1], (-1, 5))
    image, *corners = part.several("Split", [regions, [1] * 5], [None] * 5, axis=1)
    left, top, right, bottom = (
        part.add("Mul", part.add("Add", _rounded(part, corner), past), float(layer.spatial_scale))
        for corner, past in zip(corners, (0.0, 0.0, 1.0, 1.0), strict=True)
    )
    rows = [part.reshape(e, (-1, 1, grid, 1)) for e in _edges(part, top, bottom, height)]
    columns = [part.reshape(e, (-1, 1, 1, grid)) for e in _edges(part, left, right, width)]
    own = np.arange(channels).reshape(1, outputs, grid, grid)
    image = part.cast(part.reshape(image, (-1, 1, 1, 1)), "int64")
    plane = part.add("Add", part.add("Mul", image, np.array(channels)), own)

    integral = _integral(part)
    total = None
    for row, sign in zip(rows, (1, -1), strict=True):
        for column, other in zip(columns, (1, -1), strict=True):
            at = part.add("Add", part.add("Mul", plane, np.array(height + 1)), row)
            at = part.add("Add", part.add("Mul", at, np.array(width + 1)), column)
            corner = part.add("Gather", integral, at, axis=0)
            if total is None:
                total = corner
            else:
                total = part.add("Add" if sign == other else "Sub", total, corner)
    assert total is not None
    sides = [part.add("Sub", end, begin) for begin, end in (rows, columns)]
    pixels = part.cast(part.add("Max", part.add("Mul", *sides), np.array(1)), "double")
    part.cast(part.add("Div", total, pixels), "float", to=part.y)


def _rounded(part: Part, x: str) -> str:
    """Round halves away from zero."""
    away = part.add("Floor", part.add("Add", part.add("Abs", x), 0.5))
    return part.add("Mul", part.add("Sign", x), away)


def _edges(part: Part, first: str, end: str, side: int) -> tuple[str, str]:
    """Return where each part begins and ends, (R, parts), within the image."""
    parts = part.layer.group_size
    length = part.add("Max", part.add("Sub", end, first), 0.1)
    each, i = part.add("Div", length, float(parts)), np.arange(parts, dtype=np.float32)[None]
    begins = part.add("Floor", part.add("Add", part.add("Mul", each, i), first))
    ends = part.add("Ceil", part.add("Add", part.add("Mul", each, i + 1), first))
    begin, stop = (part.add("Clip", edge, 0.0, float(side)) for edge in (begins, ends))
    return part.cast(begin, "int64"), part.cast(part.add("Max", begin, stop), "int64")


def _integral(part: Part) -> str:
    """Return the sums of all pixels above and at the left of each corner, in one row."""
    value = part.cast(part.x, "double")
    for axis in (2, 3):
        value = part.add("CumSum", value, np.array(axis))
    padded = part.add("Pad", value, [0, 0, 1, 1, 0, 0, 0, 0])
    return part.reshape(padded, (-1,))

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.errors import DataError
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

ROIPooling = LAYERS["ROIPooling"]
REGIONS = np.array(
    [[0, 1, 1, 4, 5], [1, 0, 2, 6, 3], [0, 7, 7, 20, 20], [1, 2, 2, 2, 2], [1, -3, -2, 3, 9]], float
)
"""Inside, along an edge, outside, of one pixel, and larger than the image."""


def by_hand(x, rows, columns, scale):
    """Return the pooled regions, part by part."""
    one = np.float32
    y = np.zeros((len(REGIONS), x.shape[1], rows, columns))
    for r, (image, *corners) in enumerate(REGIONS):
        left, top, right, bottom = (
            int(np.copysign(np.floor(abs(c * scale) + 0.5), c)) for c in corners
        )
        height = one(max(bottom - top + 1, 1)) / one(rows)
        width = one(max(right - left + 1, 1)) / one(columns)
        for i, j in np.ndindex(rows, columns):
            v = [int(np.floor(i * height)) + top, int(np.ceil((i + 1) * height)) + top]
            u = [int(np.floor(j * width)) + left, int(np.ceil((j + 1) * width)) + left]
            part = x[int(image), :, max(v[0], 0) : max(v[1], 0), max(u[0], 0) : max(u[1], 0)]
            if part.size:
                y[r, :, i, j] = part.max(axis=(1, 2))
    return y


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.375])
@pytest.mark.parametrize("grid", [(2, 3), (1, 1), (4, 2)])
def test_roi_pooling(grid, scale):
    layer = ROIPooling(pooled_h=grid[0], pooled_w=grid[1], spatial_scale=scale)
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 7))
    assert layer.infer(Shape(x.shape), Shape(REGIONS.shape)).tops == [(5, 3, *grid)]
    y = Trial.on(layer, x, REGIONS).forward()[0]
    np.testing.assert_array_equal(y, by_hand(x, *grid, scale))
    check_gradient(layer, x.shape, REGIONS.shape, bottoms=[x, REGIONS])


def test_of_equal_pixels_the_first_has_the_gradient():
    trial = Trial.on(ROIPooling(pooled_h=1, pooled_w=1), np.zeros((1, 1, 2, 3)), [[0, 1, 0, 2, 1]])
    trial.forward()
    dx = np.ones((1, 1, 2, 3))
    trial.backward([np.full((1, 1, 1, 1), 5.0)], [dx, None])
    assert dx.tolist() == [[[[0, 5, 0], [0, 0, 0]]]]


def test_a_region_of_no_image_is_refused():
    with pytest.raises(DataError) as caught:
        Trial.on(
            ROIPooling(pooled_h=1, pooled_w=1), np.zeros((2, 1, 2, 2)), [[0] * 5, [2] * 5]
        ).forward()
    assert str(caught.value) == "region 1 is of image 2, but the batch has 2"


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        (
            "pooled_w: 1",
            [(1, 1, 2, 2), (3, 5)],
            "roi_pooling_param must set pooled_h and pooled_w, at least to 1",
        ),
        (
            "pooled_h: 1 pooled_w: 1 spatial_scale: 0",
            [(1, 1, 2, 2), (3, 5)],
            "spatial_scale must be more than 0, got 0",
        ),
        (
            "pooled_h: 1 pooled_w: 1",
            [(1, 1, 2, 2), (3, 4)],
            "regions (3, 4) must have 5 numbers each: image, x1, y1, x2, y2",
        ),
        (
            "pooled_h: 1 pooled_w: 1",
            [(1, 2), (3, 5)],
            "a bottom of shape (1, 2) is no (N, C, H, W)",
        ),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "ROIPooling" top: "y" roi_pooling_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(ROIPooling): {message}"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.errors import DataError
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

PSROIPooling = LAYERS["PSROIPooling"]
REGIONS = np.array(
    [[0, 1, 1, 4, 5], [1, 0, 2, 6, 3], [0, 9, 9, 20, 20], [1, 2, 2, 2, 2], [1, -3, -2, 3, 9]], float
)
"""Inside, along an edge, outside, of one pixel, and larger than the image."""


def by_hand(x, outputs, grid, scale):
    """Return the pooled regions, part by part."""
    y = np.zeros((len(REGIONS), outputs, grid, grid))
    for r, (image, *corners) in enumerate(REGIONS):
        left, top, right, bottom = (
            (np.copysign(np.floor(abs(c) + 0.5), c) + past) * scale
            for c, past in zip(corners, (0, 0, 1, 1), strict=True)
        )
        height, width = max(bottom - top, 0.1) / grid, max(right - left, 0.1) / grid
        for d, i, j in np.ndindex(outputs, grid, grid):
            v = [int(np.floor(i * height + top)), int(np.ceil((i + 1) * height + top))]
            u = [int(np.floor(j * width + left)), int(np.ceil((j + 1) * width + left))]
            plane = x[int(image), (d * grid + i) * grid + j]
            part = plane[max(v[0], 0) : max(v[1], 0), max(u[0], 0) : max(u[1], 0)]
            y[r, d, i, j] = part.mean() if part.size else 0
    return y


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.375])
@pytest.mark.parametrize("grid", [1, 2])
def test_psroi_pooling(grid, scale):
    layer = PSROIPooling(group_size=grid, output_dim=2, spatial_scale=scale)
    x = np.random.default_rng(0).standard_normal((2, 2 * grid**2, 6, 7))
    assert layer.infer(Shape(x.shape), Shape(REGIONS.shape)).tops == [(5, 2, grid, grid)]
    y = Trial.on(layer, x, REGIONS).forward()[0]
    np.testing.assert_allclose(y, by_hand(x, 2, grid, scale), atol=1e-12)
    check_gradient(layer, x.shape, REGIONS.shape, bottoms=[x, REGIONS])


def test_a_region_of_no_image_is_refused():
    layer = PSROIPooling(group_size=1, output_dim=1, spatial_scale=1)
    with pytest.raises(DataError) as caught:
        Trial.on(layer, np.zeros((2, 1, 2, 2)), [[-1] * 5]).forward()
    assert str(caught.value) == "region 0 is of image -1, but the batch has 2"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            "spatial_scale: 1 output_dim: 2 group_size: 3",
            "output_dim 2 and group_size 3 need 18 channels, but x has 8",
        ),
        ("spatial_scale: 1 output_dim: 0 group_size: 3", "output_dim must be at least 1, got 0"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "PSROIPooling" top: "y" psroi_pooling_param {{ {fields} }}'
    assert layer_refusal(layer, (1, 8, 2, 2), (3, 5)) == f"(PSROIPooling): {message}"

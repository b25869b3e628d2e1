import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

SPP = LAYERS["SPP"]
Pooling = LAYERS["Pooling"]


def level(size, count):
    """Return the kernel and padding of a level, from what Caffe's formula makes of them."""
    kernel = int(np.ceil(size / count))
    return kernel, (kernel * count - size + 1) // 2


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
@pytest.mark.parametrize(
    ("height", "shape", "top"),
    [
        (1, (2, 3, 4, 5), (2, 3, 1, 1)),
        (2, (2, 3, 4, 5), (2, 15)),
        (3, (2, 2, 9, 8), (2, 42)),
        (3, (1, 2, 6, 10), (1, 42)),
        (2, (1, 1, 17, 18), (1, 5)),
    ],
)
def test_levels_are_poolings_one_behind_the_other(pool, height, shape, top):
    layer = SPP(pyramid_height=height, pool=pool)
    assert layer.infer(Shape(shape)).tops == [top]
    x = np.random.default_rng(0).standard_normal(shape)
    parts = []
    for i in range(height):
        (kernel_h, pad_h), (kernel_w, pad_w) = (level(size, 2**i) for size in shape[2:])
        fields = dict(kernel_h=kernel_h, kernel_w=kernel_w, stride_h=kernel_h, stride_w=kernel_w)
        pooling = Pooling(pool=pool, pad_h=pad_h, pad_w=pad_w, **fields)
        parts.append(Trial.on(pooling, x).forward()[0].reshape(shape[0], -1))
    y = Trial.on(layer, x).forward()[0]
    np.testing.assert_allclose(y, np.concatenate(parts, axis=1).reshape(top))
    check_gradient(layer, shape)


def test_large_images_count_places_past_a_byte():
    saved = {s.name: s for s in SPP(pyramid_height=2).infer(Shape((1, 1, 17, 18))).saved}
    assert saved["index"].dtype == "int32"


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ("", (2, 3, 4, 4), "spp_param must set pyramid_height"),
        ("pyramid_height: 0", (2, 3, 4, 4), "pyramid_height must be at least 1, got 0"),
        (
            "pyramid_height: 2",
            (2, 3, 4),
            "a bottom of shape (2, 3, 4) is no batch of images (N, C, H, W)",
        ),
        (
            "pyramid_height: 3",
            (2, 3, 5, 8),
            "images of 5 x 8 pixels are too small for level 2 of the pyramid, 4 x 4 windows; set"
            " pyramid_height to 2 or less",
        ),
        (
            "pyramid_height: 2 pool: STOCHASTIC",
            (2, 3, 4, 4),
            "pool: STOCHASTIC cannot pad, as a pyramid must; use MAX or AVE",
        ),
    ],
)
def test_what_is_refused(fields, shape, message):
    layer = f'type: "SPP" top: "y" spp_param {{ {fields} }}'
    assert layer_refusal(layer, shape) == f"(SPP): {message}"

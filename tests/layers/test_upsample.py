import numpy as np
import pytest

from netdef.eager import Trial
from netdef.errors import DataError
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Upsample, Pooling = LAYERS["Upsample"], LAYERS["Pooling"]
SHAPE = (2, 3, 2, 3)


def places(pixels):
    """Return places of SHAPE that are all different in each plane."""
    rng = np.random.default_rng(0)
    return np.stack([rng.permutation(pixels)[:6] for _ in range(6)]).reshape(SHAPE).astype(float)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, (4, 6)),
        (dict(scale=3), (6, 9)),
        (dict(scale_h=2, scale_w=1), (4, 3)),
        (dict(pad_out_h=True, pad_out_w=True), (3, 5)),
        (dict(upsample_h=5, upsample_w=4), (5, 4)),
    ],
)
def test_upsample(fields, size):
    layer = Upsample(**fields)
    assert layer.infer(Shape(SHAPE), Shape(SHAPE)).tops == [(2, 3, *size)]
    x, place = np.random.default_rng(1).standard_normal(SHAPE), places(size[0] * size[1])
    want = np.zeros((2, 3, *size))
    for n, c, i, j in np.ndindex(*SHAPE):
        want[n, c].flat[int(place[n, c, i, j])] = x[n, c, i, j]
    np.testing.assert_array_equal(Trial.on(layer, x, place).forward()[0], want)
    check_gradient(layer, SHAPE, SHAPE, bottoms=[x, place])


def test_turns_max_pooling_back():
    x = np.random.default_rng(1).standard_normal((2, 3, 5, 6))
    pooled = Trial(Pooling(kernel_size=2, stride=2), x.shape, tops=2)
    pooled.bottoms[0][...] = x
    y, mask = pooled.forward()
    back = Trial.on(Upsample(upsample_h=5, upsample_w=6), y, mask).forward()[0]
    kept = back != 0
    np.testing.assert_array_equal(back[kept], x[kept])
    assert kept.sum() == y.size


def test_of_pixels_with_one_place_the_last_counts():
    x, place = np.array([1.0, 2, 3, 4]).reshape(1, 1, 2, 2), np.zeros((1, 1, 2, 2))
    trial = Trial.on(Upsample(), x, place)
    assert trial.forward()[0].ravel().tolist() == [4, *[0] * 15]
    dx = np.empty((1, 1, 2, 2))
    trial.backward([np.arange(5.0, 21).reshape(1, 1, 4, 4)], [dx, None])
    assert dx.ravel().tolist() == [5] * 4


@pytest.mark.parametrize("wrong", [-1, 16])
def test_places_outside_are_refused(wrong):
    place = np.array([0.0, 1, wrong, 2]).reshape(1, 1, 2, 2)
    with pytest.raises(DataError) as caught:
        Trial.on(Upsample(), np.zeros((1, 1, 2, 2)), place).forward()
    assert str(caught.value) == (
        f"the mask names pixel {wrong}, but the output's planes have 16; give it the size of the"
        " pooling layer's input"
    )


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("upsample_h: 4", [SHAPE, SHAPE], "give both upsample_h and upsample_w"),
        ("scale_w: 2", [SHAPE, SHAPE], "give both scale_h and scale_w"),
        ("scale_h: 0 scale_w: 2", [SHAPE, SHAPE], "scale_h must be at least 1, got 0"),
        (
            "scale: 3 pad_out_w: true",
            [SHAPE, SHAPE],
            "pad_out_w is for a scale of 2, not 3; give upsample_h and upsample_w instead",
        ),
        (
            "",
            [SHAPE, (2, 3, 2, 2)],
            "bottoms (2, 3, 2, 3) and (2, 3, 2, 2) must have the same shape (N, C, H, W)",
        ),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "Upsample" top: "y" upsample_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(Upsample): {message}"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

SmoothL1Loss = LAYERS["SmoothL1Loss"]


def loss_by_hand(sigma, a, b, inside=None, outside=None):
    total = 0.0
    for place in np.ndindex(a.shape):
        d = (a[place] - b[place]) * (1 if inside is None else inside[place])
        is_small = abs(d) < 1 / sigma**2
        term = 0.5 * (sigma * d) ** 2 if is_small else abs(d) - 0.5 / sigma**2
        total += term * (1 if outside is None else outside[place])
    return total / len(a)


@pytest.mark.parametrize("sigma", [1, 0.5, 3])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_by_hand_and_gradient(count, sigma):
    shape = (3, 4, 1, 2)
    bottoms = np.random.default_rng(count).standard_normal((4, *shape))[:count]
    layer = SmoothL1Loss(sigma=sigma)
    assert layer.infer(*[Shape(shape)] * count, *[None] * (4 - count)).tops == [()]
    want = loss_by_hand(sigma, *bottoms)
    assert Trial.on(layer, *bottoms).forward()[0] == pytest.approx(want)
    check_gradient(layer, *[shape] * count, bottoms=bottoms)


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("sigma: 0", [(2, 3), (2, 3)], "sigma must be more than 0, got 0"),
        ("", [(2, 3)], "takes 2 to 4 bottoms, got 1"),
        ("", [(2, 3), (3, 2)], "bottoms 0 and 1 have the shapes (2, 3) and (3, 2), not the same"),
        (
            "",
            [(2, 3), (2, 3), (2, 3), (2,)],
            "bottoms 0 and 3 have the shapes (2, 3) and (2,), not the same",
        ),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "SmoothL1Loss" top: "loss" smooth_l1_loss_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(SmoothL1Loss): {message}"

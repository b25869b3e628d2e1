import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

ContrastiveLoss = LAYERS["ContrastiveLoss"]
RNG = np.random.default_rng(6)


def loss_by_hand(a, b, similar, margin, legacy):
    total = 0.0
    for x, y, s in zip(a, b, similar, strict=True):
        square = ((x - y) ** 2).sum()
        if s:
            total += square
        elif legacy:
            total += max(margin - square, 0)
        else:
            total += max(margin - np.sqrt(square), 0) ** 2
    return total / len(a) / 2


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("margin", [1, 4])
def test_by_hand_and_gradient(legacy, margin):
    a, b = RNG.standard_normal((2, 6, 3))
    similar = np.array([1, 0, 0, 1, 0, 0])
    layer = ContrastiveLoss(margin=margin, legacy_version=legacy)
    assert layer.infer(Shape((6, 3)), Shape((6, 3)), Shape((6,))).tops == [()]
    want = loss_by_hand(a, b, similar, margin, legacy)
    assert Trial.on(layer, a, b, similar).forward()[0] == pytest.approx(want)
    # Caffe adds 1e-4 to the distance that the gradient is divided by.
    check_gradient(layer, a.shape, b.shape, (6,), bottoms=[a, b, similar], tolerance=2e-4)


def test_equal_items_of_two_kinds_have_a_finite_gradient():
    trial = Trial.on(ContrastiveLoss(), np.ones((1, 2)), np.ones((1, 2)), [0])
    assert trial.forward()[0] == 0.5
    into = np.ones((1, 2))
    trial.backward([np.array(1.0)], [into, None, None])
    assert not into.any()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(2, 3), (2, 4), (2,)], "its bottoms (2, 3) and (2, 4) must have one shape"),
        ([(2, 3), (2, 3), (3,)], "2 pairs need as many labels, but these are (3,)"),
    ],
)
def test_what_is_refused(shapes, message):
    layer = 'type: "ContrastiveLoss" top: "loss"'
    assert layer_refusal(layer, *shapes) == f"(ContrastiveLoss): {message}"

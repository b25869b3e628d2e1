import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

TripletLoss = LAYERS["TripletLoss"]


@pytest.mark.parametrize("margin", [1, 0.2])
@pytest.mark.parametrize("shape", [(5, 3), (5, 3, 1, 2)])
def test_by_hand_and_gradient(shape, margin):
    bottoms = np.random.default_rng(2).standard_normal((3, *shape))
    layer = TripletLoss(margin=margin)
    assert layer.infer(*[Shape(shape)] * 3).tops == [()]
    terms = [
        max(0, margin + ((a - p) ** 2).sum() - ((a - n) ** 2).sum())
        for a, p, n in zip(*bottoms, strict=True)
    ]
    assert 0 < np.count_nonzero(terms) < 5
    assert Trial.on(layer, *bottoms).forward()[0] == pytest.approx(sum(terms) / 10)
    check_gradient(layer, *[shape] * 3, bottoms=bottoms)


def test_what_is_refused():
    message = layer_refusal('type: "TripletLoss" top: "loss"', (2, 3), (2, 3), (2, 4))
    assert message == "(TripletLoss): its bottoms (2, 3), (2, 3) and (2, 4) must have one shape"

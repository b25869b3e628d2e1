import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

MultinomialLogisticLoss = LAYERS["MultinomialLogisticLoss"]


def test_by_hand():
    trial = Trial.on(MultinomialLogisticLoss(), [[0.25, 0.75], [0.5, 0.5]], [0, 1])
    assert trial.forward()[0] == pytest.approx((np.log(4) + np.log(2)) / 2)


def test_impossible_label_has_a_finite_loss():
    trial = Trial.on(MultinomialLogisticLoss(), [[0.0, 1.0]], [0])
    assert trial.forward()[0] == pytest.approx(-np.log(1e-20))


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 1, 1)])
def test_shapes_and_gradient(shape):
    layer = MultinomialLogisticLoss()
    assert layer.infer(Shape(shape), Shape((4,))).tops == [()]
    x = np.random.default_rng(0).uniform(0.2, 1, shape)
    check_gradient(layer, shape, (4,), bottoms=[x, [0, 2, 1, 1]])


def test_what_is_refused():
    message = layer_refusal('type: "MultinomialLogisticLoss" top: "loss"', (2, 3), (3,))
    assert message == (
        "(MultinomialLogisticLoss): scores of shape (2, 3) need 2 labels, one an item, but the"
        " labels have the shape (3,)"
    )

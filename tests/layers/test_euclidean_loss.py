import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

EuclideanLoss = LAYERS["EuclideanLoss"]


def test_by_hand():
    trial = Trial.on(EuclideanLoss(), [[1.0, 2], [3, 4]], [[0.0, 0], [3, 6]])
    assert trial.forward()[0] == (1 + 4 + 0 + 4) / 4


@pytest.mark.parametrize("b", [(2, 3, 4), (2, 12), (2, 4, 3, 1)])
def test_shapes_and_gradient(b):
    assert EuclideanLoss().infer(Shape((2, 3, 4)), Shape(b)).tops == [()]
    check_gradient(EuclideanLoss(), (2, 3, 4), b)


@pytest.mark.parametrize("b", [(2, 4), (3, 2)])
def test_what_is_refused(b):
    message = layer_refusal('type: "EuclideanLoss" top: "loss"', (2, 3), b)
    assert message == (
        f"(EuclideanLoss): its bottoms (2, 3) and {b} must have as many items, of one size"
    )

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.errors import DataError
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

HingeLoss = LAYERS["HingeLoss"]


def hinge_by_hand(x, label, power):
    total = 0.0
    for scores, own in zip(x, label, strict=True):
        for c, score in enumerate(scores):
            sign = 1 if c == own else -1
            total += max(0.0, 1 - sign * score) ** power
    return total / len(x)


@pytest.mark.parametrize(("norm", "power"), [("L1", 1), ("L2", 2)])
def test_by_hand_and_gradient(norm, power):
    x = np.random.default_rng(4).standard_normal((5, 4)) * 2
    label = np.array([0, 3, 1, 1, 2])
    layer = HingeLoss(norm=norm)
    assert Trial.on(layer, x, label).forward()[0] == pytest.approx(hinge_by_hand(x, label, power))
    check_gradient(layer, x.shape, label.shape, bottoms=[x, label])


def test_images_of_scores():
    assert HingeLoss().infer(Shape((2, 3, 1, 1)), Shape((2, 1, 1, 1))).tops == [()]
    x = np.arange(6.0).reshape(2, 3, 1, 1)
    check_gradient(HingeLoss(), x.shape, (2,), bottoms=[x + 0.5, [2, 0]])


def test_label_of_no_class():
    with pytest.raises(DataError) as caught:
        Trial.on(HingeLoss(), np.zeros((2, 3)), [0, 3]).forward()
    assert str(caught.value) == (
        "label 3 (item 1 of the batch) is outside the 3 classes 0 to 2; correct the label, or the"
        " number of outputs below"
    )


def test_what_is_refused():
    message = layer_refusal('type: "HingeLoss" top: "loss"', (2, 3), (2, 3))
    assert message == (
        "(HingeLoss): scores of shape (2, 3) need 2 labels, one an item, but the labels have the"
        " shape (2, 3)"
    )

import numpy as np

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

ReLU6 = LAYERS["ReLU6"]


def test_relu6():
    x = np.array([-7.0, -1, 0.5, 5, 6.5, 60])
    assert ReLU6().infer(Shape((6,))).tops == [(6,)]
    assert Trial.on(ReLU6(), x).forward()[0].tolist() == [0, 0, 0.5, 5, 6, 6]
    check_gradient(ReLU6(), (6,), bottoms=[x])


def test_what_is_refused():
    assert layer_refusal('type: "ReLU6" top: "y"', (2,), (2,)) == "(ReLU6): takes 1 bottoms, got 2"

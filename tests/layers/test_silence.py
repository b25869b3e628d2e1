import numpy as np

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Silence = LAYERS["Silence"]


def test_nothing_comes_out():
    assert not Silence().infer((Shape((2,)), Shape(()))).tops
    assert Trial.on(Silence(), np.ones(2), np.ones(())).forward() == []


def test_gradient_is_0():
    check_gradient(Silence(), (2, 3), (4,))


def test_gradient_of_one_bottom_only():
    trial = Trial.on(Silence(), np.ones(2), np.ones(3))
    dx = np.ones(3)
    trial.backward([], [None, dx])
    assert not dx.any()


def test_what_is_refused():
    assert layer_refusal('type: "Silence"') == "(Silence): takes 1 or more bottoms, got 0"
    assert layer_refusal('type: "Silence" top: "y"', (2,)) == "(Silence): takes 0 tops, got 1"

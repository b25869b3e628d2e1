import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Sigmoid = LAYERS["Sigmoid"]


@pytest.mark.parametrize("shape", [(2, 3, 4), (5,), ()])
def test_sigmoid(shape):
    assert Sigmoid().infer(Shape(shape)).tops == [shape]
    x = np.random.default_rng(0).standard_normal(shape) * 3
    np.testing.assert_allclose(Trial.on(Sigmoid(), x).forward()[0], 1 / (1 + np.exp(-x)))
    check_gradient(Sigmoid(), shape)


def test_large_inputs_do_not_overflow():
    y = Trial.on(Sigmoid(), np.array([-1e4, 0, 1e4], "f4")).forward()[0]
    assert y.tolist() == [0, 0.5, 1]


def test_what_is_refused():
    assert layer_refusal('type: "Sigmoid"', (2,)) == "(Sigmoid): takes 1 tops, got 0"

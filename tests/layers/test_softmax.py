import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Softmax = LAYERS["Softmax"]


@pytest.mark.parametrize(
    ("shape", "axis"), [((2, 5), 1), ((2, 3, 4), 1), ((2, 3, 4), -1), ((4,), 0), ((3, 2, 2), 0)]
)
def test_softmax(shape, axis):
    layer = Softmax(axis=axis)
    assert layer.infer(Shape(shape)).tops == [shape]
    x = np.random.default_rng(0).standard_normal(shape)
    y = Trial.on(layer, x).forward()[0]
    np.testing.assert_allclose(y, np.exp(x) / np.exp(x).sum(axis, keepdims=True), rtol=1e-12)
    check_gradient(layer, shape)


def test_large_scores_do_not_overflow():
    y = Trial.on(Softmax(), [[1000.0, 1000.0, -1000.0]]).forward()[0]
    assert y.tolist() == [[0.5, 0.5, 0]]


def test_what_is_refused():
    layer = 'type: "Softmax" top: "y" softmax_param { axis: 2 }'
    assert layer_refusal(layer, (2, 3)) == "(Softmax): axis 2 is not one of the 2 axes of (2, 3)"

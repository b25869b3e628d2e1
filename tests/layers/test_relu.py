import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

ReLU = LAYERS["ReLU"]


@pytest.mark.parametrize("slope", [0.0, 0.1, 1.0, 2.0, -0.5])
@pytest.mark.parametrize("shape", [(2, 3, 4), (5,), ()])
def test_relu(slope, shape):
    layer = ReLU(negative_slope=slope)
    assert layer.infer(Shape(shape)).tops == [shape]
    x = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_allclose(Trial.on(layer, x).forward()[0], np.where(x > 0, x, slope * x))
    check_gradient(layer, shape)


def test_gradient_at_0_is_the_slope():
    for slope in (0.0, 0.5, -0.5):
        trial = Trial.on(ReLU(negative_slope=slope), [0.0])
        trial.forward()
        dx = np.empty(1)
        trial.backward([np.ones(1)], [dx])
        assert dx.item() == slope


def test_what_is_refused():
    assert layer_refusal('type: "ReLU" top: "y"', (2,), (2,)) == "(ReLU): takes 1 bottoms, got 2"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient

Swish = LAYERS["Swish"]


@pytest.mark.parametrize("beta", [1, 2.5, 0, -1])
def test_forward_and_gradient(beta):
    layer = Swish(beta=beta)
    assert layer.infer(Shape((2, 3, 4))).tops == [(2, 3, 4)]
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    np.testing.assert_allclose(Trial.on(layer, x).forward()[0], x / (1 + np.exp(-beta * x)))
    check_gradient(layer, (2, 3, 4))


def test_large_numbers_do_not_overflow():
    y = Trial.on(Swish(), np.array([-1e4, 1e4], "float32")).forward()[0]
    assert y.tolist() == [0, 1e4]

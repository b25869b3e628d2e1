import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient

ELU = LAYERS["ELU"]


@pytest.mark.parametrize("alpha", [1, 0.5, 0, -0.7])
def test_forward_and_gradient(alpha):
    layer = ELU(alpha=alpha)
    assert layer.infer(Shape((2, 3, 4))).tops == [(2, 3, 4)]
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    want = np.where(x > 0, x, alpha * (np.exp(x) - 1))
    np.testing.assert_allclose(Trial.on(layer, x).forward()[0], want)
    check_gradient(layer, (2, 3, 4))


def test_large_numbers_do_not_overflow():
    y = Trial.on(ELU(), np.array([-1e4, 1e4], "float32")).forward()[0]
    assert y.tolist() == [-1, 1e4]

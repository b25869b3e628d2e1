import numpy as np

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient

BNLL = LAYERS["BNLL"]


def test_forward_and_gradient():
    assert BNLL().infer(Shape((2, 3, 4))).tops == [(2, 3, 4)]
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    np.testing.assert_allclose(Trial.on(BNLL(), x).forward()[0], np.log(1 + np.exp(x)))
    check_gradient(BNLL(), (2, 3, 4))


def test_large_numbers_do_not_overflow():
    trial = Trial.on(BNLL(), np.array([-1e4, -80, 80, 1e4], "float32"))
    y = trial.forward()[0]
    np.testing.assert_allclose(y, [0, np.exp(-80.0), 80, 1e4], rtol=1e-6)
    dx = np.empty(4, "float32")
    trial.backward([np.ones(4, "float32")], [dx])
    np.testing.assert_allclose(dx, [0, np.exp(-80.0), 1, 1], rtol=1e-6)

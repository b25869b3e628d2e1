import numpy as np

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient

AbsVal = LAYERS["AbsVal"]


def test_forward_and_gradient():
    assert AbsVal().infer(Shape((2, 3, 4))).tops == [(2, 3, 4)]
    assert Trial.on(AbsVal(), np.array([-1.5, 0, 2])).forward()[0].tolist() == [1.5, 0, 2]
    check_gradient(AbsVal(), (2, 3, 4))


def test_gradient_at_0_is_0():
    trial = Trial.on(AbsVal(), np.array([-2.0, 0, 3]))
    trial.forward()
    dx = np.full(3, np.nan)
    trial.backward([np.array([5.0, 6, 7])], [dx])
    assert dx.tolist() == [-5, 0, 7]

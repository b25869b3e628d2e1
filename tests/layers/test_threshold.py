import numpy as np

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape

Threshold = LAYERS["Threshold"]


def test_forward():
    assert Threshold().infer(Shape((2, 3, 4))).tops == [(2, 3, 4)]
    x = np.array([-1, 0, 0.3, 0.5])
    assert Trial.on(Threshold(), x).forward()[0].tolist() == [0, 0, 1, 1]
    assert Trial.on(Threshold(threshold=0.3), x).forward()[0].tolist() == [0, 0, 0, 1]


def test_it_has_no_gradient():
    assert Threshold.backward is None

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient

Power = LAYERS["Power"]


@pytest.mark.parametrize("power", [0, 0.37, 0.5, 1, 2, 3, -1, -1.5])
@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (0.83, 2.4), (-0.5, 4), (0, 1.5)])
def test_forward_and_gradient(power, scale, shift):
    layer = Power(power=power, scale=scale, shift=shift)
    assert layer.infer(Shape((2, 3, 4))).tops == [(2, 3, 4)]
    x = np.random.default_rng(0).uniform(0.5, 3, (2, 3, 4))
    want = (scale * x + shift) ** float(power)
    np.testing.assert_allclose(Trial.on(layer, x).forward()[0], want)
    check_gradient(layer, x.shape, bottoms=[x], tolerance=1e-5)


def test_defaults_copy():
    x = np.array([-1.5, 0, 2])
    assert Trial.on(Power(), x).forward()[0].tolist() == x.tolist()


def test_whole_powers_of_negatives_and_0():
    x = np.array([-2.0, 0, 3])
    trial = Trial.on(Power(power=3), x)
    assert trial.forward()[0].tolist() == [-8, 0, 27]
    dx = np.empty(3)
    trial.backward([np.ones(3)], [dx])
    assert dx.tolist() == [12, 0, 27]


def test_constants_have_no_gradient_even_at_0():
    for layer in (Power(power=0), Power(power=-1, scale=0, shift=2)):
        trial = Trial.on(layer, np.zeros(2))
        trial.forward()
        dx = np.full(2, np.nan)
        trial.backward([np.ones(2)], [dx])
        assert dx.tolist() == [0, 0]

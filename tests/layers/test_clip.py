import numpy as np

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Clip = LAYERS["Clip"]


def test_forward_and_gradient():
    layer = Clip(min=-0.5, max=0.75)
    assert layer.infer(Shape((2, 3, 4))).tops == [(2, 3, 4)]
    x = np.array([-2, -0.5, 0.25, 0.75, 3])
    assert Trial.on(layer, x).forward()[0].tolist() == [-0.5, -0.5, 0.25, 0.75, 0.75]
    check_gradient(layer, (2, 3, 4))


def test_gradient_passes_on_the_bounds():
    trial = Trial.on(Clip(min=-1, max=1), np.array([-2.0, -1, 0, 1, 2]))
    trial.forward()
    dx = np.full(5, np.nan)
    trial.backward([np.full(5, 3.0)], [dx])
    assert dx.tolist() == [0, 3, 3, 3, 0]


def test_bounds_must_be_given():
    layer = 'type: "Clip" top: "y"'
    assert layer_refusal(layer, (2, 3)) == "(Clip): clip_param must set min"


def test_bounds_in_the_wrong_order():
    layer = 'type: "Clip" top: "y" clip_param { min: 1 max: 0.5 }'
    assert layer_refusal(layer, (2, 3)) == "(Clip): min 1 is more than max 0.5"

import numpy as np

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

HardSwish = LAYERS["HardSwish"]


def test_hard_swish():
    x = np.array([-7.0, -3.5, -2, -0.5, 0, 1, 2.5, 3.5, 60])
    assert HardSwish().infer(Shape((9,))).tops == [(9,)]
    want = x * np.clip(x + 3, 0, 6) / 6
    np.testing.assert_allclose(Trial.on(HardSwish(), x).forward()[0], want)
    check_gradient(HardSwish(), (9,), bottoms=[x])


def test_what_is_refused():
    layer = 'type: "HardSwish" top: "y"'
    assert layer_refusal(layer, (2,), (2,)) == "(HardSwish): takes 1 bottoms, got 2"

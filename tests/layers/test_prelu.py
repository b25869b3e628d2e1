import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS, Filler
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

PReLU = LAYERS["PReLU"]


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 4), (2, 3, 2, 3), (2, 2, 2, 2, 2)])
@pytest.mark.parametrize("is_shared", [False, True])
def test_shapes_forward_and_gradient(shape, is_shared):
    layer = PReLU(channel_shared=is_shared)
    signature = layer.infer(Shape(shape))
    slopes = () if is_shared else (shape[1],)
    assert signature.tops == [shape]
    assert [w.shape for w in signature.weights] == [slopes]
    rng = np.random.default_rng(0)
    x, slope = rng.standard_normal(shape), rng.standard_normal(slopes)
    wide = slope.reshape(-1, *(1,) * (len(shape) - 2))
    want = np.where(x > 0, x, wide * x)
    np.testing.assert_allclose(Trial.on(layer, x, slope=slope).forward()[0], want)
    check_gradient(layer, shape)


def test_slopes_begin_at_a_quarter():
    filler = PReLU().infer(Shape((2, 3))).weights[0].filler
    assert (filler.type, filler.value) == ("constant", 0.25)
    given = PReLU(filler=Filler(type="uniform")).infer(Shape((2, 3))).weights[0]
    assert given.filler.type == "uniform"


def test_no_channels():
    layer = 'type: "PReLU" top: "y"'
    message = "(PReLU): a bottom of shape (3,) has no channels; it needs at least 2 axes"
    assert layer_refusal(layer, (3,)) == message

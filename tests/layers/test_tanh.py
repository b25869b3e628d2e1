import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

TanH = LAYERS["TanH"]


@pytest.mark.parametrize("shape", [(2, 3, 4), (5,), ()])
def test_tanh(shape):
    assert TanH().infer(Shape(shape)).tops == [shape]
    x = np.random.default_rng(0).standard_normal(shape)
    e = np.exp(2 * x)
    np.testing.assert_allclose(Trial.on(TanH(), x).forward()[0], (e - 1) / (e + 1), rtol=1e-12)
    check_gradient(TanH(), shape)


def test_what_is_refused():
    assert layer_refusal('type: "TanH" top: "y" top: "z"', (2,)) == "(TanH): takes 1 tops, got 2"

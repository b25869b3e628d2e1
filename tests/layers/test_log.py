import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Log = LAYERS["Log"]


@pytest.mark.parametrize(
    ("fields", "base", "scale", "shift"),
    [
        ({}, np.e, 1, 0),
        (dict(base=10, scale=2, shift=1), 10, 2, 1),
        (dict(scale=-2, shift=8), np.e, -2, 8),
        (dict(base=0.3), 0.3, 1, 0),
    ],
)
def test_forward_and_gradient(fields, base, scale, shift):
    layer = Log(**fields)
    assert layer.infer(Shape((2, 3, 4))).tops == [(2, 3, 4)]
    x = np.random.default_rng(0).uniform(0.5, 3, (2, 3, 4))
    want = np.log(scale * x + shift) / np.log(base)
    np.testing.assert_allclose(Trial.on(layer, x).forward()[0], want)
    check_gradient(layer, x.shape, bottoms=[x])


@pytest.mark.parametrize("base", ["0", "-2", "1"])
def test_base(base):
    layer = f'type: "Log" top: "y" log_param {{ base: {base} }}'
    message = f"(Log): base must be positive but not 1, or -1 for e, got {base}"
    assert layer_refusal(layer, (2, 3)) == message

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Exp = LAYERS["Exp"]


@pytest.mark.parametrize(
    ("fields", "base", "scale", "shift"),
    [
        ({}, np.e, 1, 0),
        (dict(base=2, scale=0.5, shift=1), 2, 0.5, 1),
        (dict(scale=-2, shift=-0.5), np.e, -2, -0.5),
        (dict(base=0.3, shift=2), 0.3, 1, 2),
        (dict(base=1, shift=2), 1, 1, 2),
    ],
)
def test_forward_and_gradient(fields, base, scale, shift):
    layer = Exp(**fields)
    assert layer.infer(Shape((2, 3, 4))).tops == [(2, 3, 4)]
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    np.testing.assert_allclose(Trial.on(layer, x).forward()[0], base ** (scale * x + shift))
    check_gradient(layer, (2, 3, 2), tolerance=1e-5)


@pytest.mark.parametrize("base", ["0", "-2"])
def test_base(base):
    layer = f'type: "Exp" top: "y" exp_param {{ base: {base} }}'
    message = f"(Exp): base must be positive, or -1 for e, got {base}"
    assert layer_refusal(layer, (2, 3)) == message

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Axpy = LAYERS["Axpy"]


@pytest.mark.parametrize("scale", [(2, 3), (2, 3, 1, 1)])
def test_axpy(scale):
    shape = (2, 3, 4, 2)
    layer = Axpy()
    assert layer.infer(Shape(scale), Shape(shape), Shape(shape)).tops == [shape]
    rng = np.random.default_rng(0)
    a, x, y = rng.standard_normal(scale), rng.standard_normal(shape), rng.standard_normal(shape)
    want = a.reshape(2, 3, 1, 1) * x + y
    np.testing.assert_allclose(Trial.on(layer, a, x, y).forward()[0], want, rtol=1e-12)
    check_gradient(layer, scale, shape, shape)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            [(2, 3), (2, 3, 4), (2, 3, 5)],
            "bottoms 1 and 2 have the shapes (2, 3, 4) and (2, 3, 5), not the same",
        ),
        (
            [(2, 4), (2, 3, 4), (2, 3, 4)],
            "bottom 0 (2, 4) must have one number for each channel of (2, 3, 4)",
        ),
        (
            [(2, 3, 4), (2, 3, 4), (2, 3, 4)],
            "bottom 0 (2, 3, 4) must have one number for each channel of (2, 3, 4)",
        ),
        ([(2, 3), (2, 3, 4)], "takes 3 bottoms, got 2"),
    ],
)
def test_what_is_refused(shapes, message):
    assert layer_refusal('type: "Axpy" top: "z"', *shapes) == f"(Axpy): {message}"

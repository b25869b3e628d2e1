import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Reduction = LAYERS["Reduction"]
FORMULAS = {
    "SUM": lambda x: x.sum(-1),
    "ASUM": lambda x: np.abs(x).sum(-1),
    "SUMSQ": lambda x: (x * x).sum(-1),
    "MEAN": lambda x: x.mean(-1),
}


@pytest.mark.parametrize("operation", FORMULAS)
@pytest.mark.parametrize("coeff", [1, -2.5])
@pytest.mark.parametrize(
    ("axis", "shape"),
    [(0, (2, 3, 4)), (1, (2, 3, 4)), (2, (2, 3, 4)), (-1, (2, 3)), (1, (2, 2, 2, 3)), (0, (4,))],
)
def test_shapes_forward_and_gradient(operation, coeff, axis, shape):
    layer = Reduction(operation=operation, axis=axis, coeff=coeff)
    kept = shape[:axis]
    assert layer.infer(Shape(shape)).tops == [kept]
    x = np.random.default_rng(0).standard_normal(shape)
    want = coeff * FORMULAS[operation](x.reshape(*kept, -1))
    np.testing.assert_allclose(Trial.on(layer, x).forward()[0], want, rtol=1e-12)
    check_gradient(layer, shape)


def test_what_is_refused():
    layer = 'type: "Reduction" top: "y" reduction_param { axis: 2 }'
    assert layer_refusal(layer, (2, 3)) == "(Reduction): axis 2 is not one of the 2 axes of (2, 3)"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Permute = LAYERS["Permute"]


@pytest.mark.parametrize(
    ("order", "shape", "axes"),
    [
        ((0, 2, 3, 1), (2, 3, 4, 5), (0, 2, 3, 1)),
        ((2,), (2, 3, 4), (2, 0, 1)),
        ((), (2, 3), (0, 1)),
        ((1, 0), (2, 3, 4, 1), (1, 0, 2, 3)),
    ],
)
def test_permute(order, shape, axes):
    layer = Permute(order=order)
    assert layer.infer(Shape(shape)).tops == [tuple(shape[a] for a in axes)]
    x = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_array_equal(Trial.on(layer, x).forward()[0], x.transpose(axes))
    check_gradient(layer, shape)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("order: 0 order: 2 order: 0", "order (0, 2, 0) names an axis twice"),
        ("order: 3", "order names axis 3, but (2, 3, 4) has 3 axes"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Permute" top: "y" permute_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3, 4)) == f"(Permute): {message}"

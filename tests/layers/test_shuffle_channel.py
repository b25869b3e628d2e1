import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

ShuffleChannel = LAYERS["ShuffleChannel"]


@pytest.mark.parametrize("shape", [(2, 6, 2, 3), (3, 6)])
@pytest.mark.parametrize("group", [1, 2, 3, 6])
def test_shuffle(group, shape):
    layer = ShuffleChannel(group=group)
    assert layer.infer(Shape(shape)).tops == [shape]
    x = np.random.default_rng(0).standard_normal(shape)
    each = 6 // group
    order = [g * each + i for i in range(each) for g in range(group)]
    np.testing.assert_array_equal(Trial.on(layer, x).forward()[0], x[:, order])
    check_gradient(layer, shape)


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ("group: 4", (2, 6, 1, 1), "6 channels do not divide into 4 groups"),
        ("group: 0", (2, 6, 1, 1), "group must be at least 1, got 0"),
        ("", (2,), "axis 1 is not one of the 1 axes of (2,)"),
    ],
)
def test_what_is_refused(fields, shape, message):
    layer = f'type: "ShuffleChannel" top: "y" shuffle_channel_param {{ {fields} }}'
    assert layer_refusal(layer, shape) == f"(ShuffleChannel): {message}"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Flatten = LAYERS["Flatten"]


@pytest.mark.parametrize(
    ("fields", "shape", "top"),
    [
        ({}, (2, 3, 4, 5), (2, 60)),
        (dict(axis=0), (2, 3), (6,)),
        (dict(end_axis=2), (2, 3, 4, 5), (2, 12, 5)),
        (dict(axis=-2, end_axis=-1), (2, 3, 4), (2, 12)),
        (dict(axis=1, end_axis=1), (2, 3, 4), (2, 3, 4)),
        ({}, (2, 3), (2, 3)),
    ],
)
def test_flatten(fields, shape, top):
    layer = Flatten(**fields)
    assert layer.infer(Shape(shape)).tops == [top]
    x = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_array_equal(Trial.on(layer, x).forward()[0], x.reshape(top))
    check_gradient(layer, shape)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("axis: 3", "axis 3 is not one of the 3 axes of (2, 3, 4)"),
        ("end_axis: 3", "axis 3 is not one of the 3 axes of (2, 3, 4)"),
        ("axis: 2 end_axis: 1", "end_axis 1 of (2, 3, 4) comes before axis 2"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Flatten" top: "y" flatten_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3, 4)) == f"(Flatten): {message}"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Crop = LAYERS["Crop"]


@pytest.mark.parametrize(
    ("fields", "shape", "reference", "part"),
    [
        ({}, (2, 3, 4, 5), (1, 9, 2, 5), np.s_[:, :, :2]),
        (dict(offset=(1,)), (2, 1, 5, 5), (2, 1, 2, 3), np.s_[:, :, 1:3, 1:4]),
        (dict(offset=(2, 0)), (1, 2, 5, 4), (1, 2, 3, 2), np.s_[:, :, 2:, :2]),
        (dict(axis=0, offset=(1, 2)), (3, 4), (2, 1), np.s_[1:, 2:3]),
        (dict(axis=-1, offset=(2,)), (3, 4), (7, 2), np.s_[:, 2:]),
        (dict(axis=1), (3, 4), (7, 2, 9), np.s_[:, :2]),
    ],
)
def test_shapes_forward_and_gradient(fields, shape, reference, part):
    layer = Crop(**fields)
    x = np.random.default_rng(0).standard_normal(shape)
    want = x[part]
    assert layer.infer(Shape(shape), Shape(reference)).tops == [want.shape]
    np.testing.assert_array_equal(Trial.on(layer, x, np.ones(reference)).forward()[0], want)
    check_gradient(layer, shape, reference)


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        (
            "offset: 1 offset: 1 offset: 1",
            [(1, 1, 4, 4), (1, 1, 2, 2)],
            "offset has 3 values for 2 axes; give 1 or 2",
        ),
        (
            "offset: 3",
            [(1, 1, 5, 4), (1, 1, 2, 2)],
            "axis 3 of (1, 1, 5, 4) is too short for 2 from offset 3 on",
        ),
        (
            "",
            [(1, 1, 4, 4), (1, 1, 4)],
            "its second bottom (1, 1, 4) has fewer axes than (1, 1, 4, 4)",
        ),
        ("axis: 2", [(4, 4), (2, 2)], "axis 2 is not one of the 2 axes of (4, 4)"),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "Crop" top: "y" crop_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(Crop): {message}"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.proto import BlobShape
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Reshape = LAYERS["Reshape"]


@pytest.mark.parametrize(
    ("dims", "fields", "shape", "top"),
    [
        ([4, 3], {}, (2, 6), (4, 3)),
        ([0, -1], {}, (2, 3, 4), (2, 12)),
        ([0, 3, -1], {}, (2, 6, 2), (2, 3, 4)),
        ([-1], {}, (2, 3), (6,)),
        ([2, 3], dict(axis=1, num_axes=1), (2, 6, 4), (2, 2, 3, 4)),
        ([-1], dict(axis=1, num_axes=2), (2, 3, 2, 2), (2, 6, 2)),
        ([0, -1], dict(axis=1), (2, 3, 2, 2), (2, 3, 4)),
        ([1], dict(axis=1, num_axes=0), (2, 3), (2, 1, 3)),
        ([1], dict(axis=-1, num_axes=0), (2, 3), (2, 3, 1)),
        ([3, 1], dict(axis=-2), (2, 3), (2, 3, 1)),
        ([], dict(axis=1, num_axes=1), (2, 1, 3), (2, 3)),
        ([], {}, (1, 1), ()),
    ],
)
def test_shapes_forward_and_gradient(dims, fields, shape, top):
    layer = Reshape(shape=BlobShape(dim=dims), **fields)
    assert layer.infer(Shape(shape)).tops == [top]
    x = np.random.default_rng(0).standard_normal(shape)
    np.testing.assert_array_equal(Trial.on(layer, x).forward()[0], x.reshape(top))
    check_gradient(layer, shape)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("shape { dim: 4 dim: 2 }", "(2, 3) has 6 elements, but (4, 2) would have 8"),
        ("", "(2, 3) has 6 elements, but () would have 1"),
        ("shape { dim: -1 dim: -1 }", "shape has several dim: -1; only one can be worked out"),
        ("shape { dim: -2 }", "dim must be at least -1, got -2"),
        (
            "shape { dim: 4 dim: -1 }",
            "the 6 elements of (2, 3) do not divide by 4 for dim: -1",
        ),
        (
            "shape { dim: 2 dim: 3 dim: 0 }",
            "axis 2 is not one of the 2 axes of (2, 3)",
        ),
        (
            "shape { dim: 1 } axis: 3",
            "axis 3 with num_axes -1 is outside the 2 axes of (2, 3)",
        ),
        (
            "shape { dim: 1 } axis: 1 num_axes: 2",
            "axis 1 with num_axes 2 is outside the 2 axes of (2, 3)",
        ),
        (
            "shape { dim: 1 } axis: -4",
            "axis -4 with num_axes -1 is outside the 2 axes of (2, 3)",
        ),
        ("num_axes: -2", "num_axes must be at least -1, got -2"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Reshape" top: "y" reshape_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3)) == f"(Reshape): {message}"

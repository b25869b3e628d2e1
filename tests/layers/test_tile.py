import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Tile = LAYERS["Tile"]


@pytest.mark.parametrize(
    ("axis", "tiles", "shape", "top"),
    [
        (1, 3, (2, 3, 2), (2, 9, 2)),
        (0, 2, (2, 3), (4, 3)),
        (-1, 2, (2, 3), (2, 6)),
        (2, 4, (2, 1, 1, 3), (2, 1, 4, 3)),
        (1, 1, (2, 3), (2, 3)),
        (0, 3, (2,), (6,)),
    ],
)
def test_shapes_forward_and_gradient(axis, tiles, shape, top):
    layer = Tile(axis=axis, tiles=tiles)
    assert layer.infer(Shape(shape)).tops == [top]
    x = np.random.default_rng(0).standard_normal(shape)
    y = Trial.on(layer, x).forward()[0]
    np.testing.assert_array_equal(y, np.concatenate([x] * tiles, axis=axis))
    check_gradient(layer, shape)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", "tile_param must set tiles"),
        ("tiles: 0", "tiles must be at least 1, got 0"),
        ("tiles: 2 axis: 2", "axis 2 is not one of the 2 axes of (2, 3)"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Tile" top: "y" tile_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3)) == f"(Tile): {message}"

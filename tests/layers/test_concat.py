import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Concat = LAYERS["Concat"]


@pytest.mark.parametrize(
    ("axis", "shapes", "top"),
    [
        (1, [(2, 3, 2), (2, 1, 2), (2, 2, 2)], (2, 6, 2)),
        (0, [(2, 3), (1, 3)], (3, 3)),
        (-1, [(2, 3), (2, 1)], (2, 4)),
        (2, [(1, 2, 1, 3), (1, 2, 2, 3)], (1, 2, 3, 3)),
        (0, [(4,)], (4,)),
    ],
)
def test_concat(axis, shapes, top):
    layer = Concat(axis=axis)
    assert layer.infer(tuple(map(Shape, shapes))).tops == [top]
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal(s) for s in shapes]
    y = Trial.on(layer, *parts).forward()[0]
    np.testing.assert_array_equal(y, np.concatenate(parts, axis))
    check_gradient(layer, *shapes)


def test_gradient_of_one_bottom_only():
    trial = Trial.on(Concat(axis=0), [1.0], [2.0, 3.0], [4.0])
    trial.forward()
    middle = np.empty(2)
    trial.backward([np.array([5.0, 6, 7, 8])], [None, middle, None])
    assert middle.tolist() == [6, 7]


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("axis: 2", [(2, 3), (2, 3)], "axis 2 is not one of the 2 axes of (2, 3)"),
        ("axis: 1 concat_dim: 1", [(2, 3), (2, 3)], "give axis or concat_dim, not both"),
        (
            "",
            [(2, 3), (2, 4), (3, 3)],
            "bottoms 0 and 2 have the shapes (2, 3) and (3, 3), which must agree but for axis 1",
        ),
        (
            "concat_dim: 0",
            [(2, 3), (2, 3, 1)],
            "bottoms 0 and 1 have the shapes (2, 3) and (2, 3, 1), which must agree but for axis 0",
        ),
        ("", [], "takes 1 or more bottoms, got 0"),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "Concat" top: "y" concat_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(Concat): {message}"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS, Filler
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Bias = LAYERS["Bias"]


def wide(small, x, axis):
    if not small.ndim:
        return small
    rest = x.ndim - axis % x.ndim - small.ndim
    return small.reshape(small.shape + (1,) * rest)


@pytest.mark.parametrize(
    ("fields", "shape", "weight"),
    [
        ({}, (2, 3, 4, 2), (3,)),
        (dict(axis=2, num_axes=2), (2, 3, 4, 2), (4, 2)),
        (dict(axis=0, num_axes=-1), (2, 3), (2, 3)),
        (dict(axis=-2), (2, 3, 4), (3,)),
        (dict(num_axes=0), (2, 3), ()),
        (dict(num_axes=0), (), ()),
        (dict(axis=0), (4,), (4,)),
    ],
)
def test_weight(fields, shape, weight):
    layer = Bias(**fields)
    signature = layer.infer(Shape(shape), None)
    assert signature.tops == [shape]
    assert [w.shape for w in signature.weights] == [weight]
    rng = np.random.default_rng(0)
    x, b = rng.standard_normal(shape), rng.standard_normal(weight)
    y = Trial.on(layer, x, weight=b).forward()[0]
    np.testing.assert_allclose(y, x + wide(b, x, layer.axis))
    check_gradient(layer, shape)


@pytest.mark.parametrize(
    ("axis", "shape", "bias"),
    [(0, (2, 3, 4), (2, 3)), (1, (2, 3, 4), (3, 4)), (-1, (2, 3), (3,)), (1, (2, 3), ())],
)
def test_second_bottom(axis, shape, bias):
    layer = Bias(axis=axis)
    assert list(layer.infer(Shape(shape), Shape(bias)).weights) == []
    rng = np.random.default_rng(0)
    x, b = rng.standard_normal(shape), rng.standard_normal(bias)
    np.testing.assert_allclose(Trial.on(layer, x, b).forward()[0], x + wide(b, x, axis))
    check_gradient(layer, shape, bias)


def test_filler():
    zero = Bias().infer(Shape((2, 3)), None).weights[0].filler
    assert (zero.type, zero.value) == ("constant", 0)
    given = Bias(filler=Filler(type="gaussian")).infer(Shape((2, 3)), None).weights[0]
    assert given.filler.type == "gaussian"


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("num_axes: -2", [(2, 3)], "num_axes must be at least -1, got -2"),
        ("axis: 2", [(2, 3)], "axis 2 is not one of the 2 axes of (2, 3)"),
        ("num_axes: 2", [(2, 3)], "2 axes from axis 1 on are more than (2, 3) has"),
        ("", [(2, 3), (2,)], "its second bottom (2,) must be a run of the axes of (2, 3)"),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "Bias" top: "y" bias_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(Bias): {message}"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS, Filler
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Scale = LAYERS["Scale"]

CASES = [
    ({}, (2, 3, 4, 2), (3,)),
    (dict(axis=1, num_axes=2), (2, 3, 4, 2), (3, 4)),
    (dict(axis=0, num_axes=-1), (2, 3), (2, 3)),
    (dict(axis=-2), (2, 3, 4), (3,)),
    (dict(axis=1, num_axes=-1), (2, 3, 4), (3, 4)),
    (dict(num_axes=0), (2, 3), ()),
    (dict(axis=0), (4,), (4,)),
]


def wide(small, x, axis):
    start = axis % x.ndim
    rest = x.ndim - start - small.ndim
    return small.reshape(small.shape + (1,) * rest) if small.ndim else small


@pytest.mark.parametrize(("fields", "shape", "weight"), CASES)
@pytest.mark.parametrize("bias_term", [False, True])
def test_weight(fields, shape, weight, bias_term):
    layer = Scale(bias_term=bias_term, **fields)
    signature = layer.infer(Shape(shape), None)
    assert signature.tops == [shape]
    assert [w.shape for w in signature.weights] == [weight, weight][: 1 + bias_term]
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal(shape), rng.standard_normal(weight), rng.standard_normal(weight)
    given = dict(weight=w, bias=b) if bias_term else dict(weight=w)
    y = Trial.on(layer, x, **given).forward()[0]
    want = x * wide(w, x, layer.axis) + (wide(b, x, layer.axis) if bias_term else 0)
    np.testing.assert_allclose(y, want, rtol=1e-12)
    check_gradient(layer, shape)


@pytest.mark.parametrize(
    ("axis", "shape", "scale"),
    [
        (0, (2, 3, 4), (2,)),
        (0, (2, 3, 4), (2, 3)),
        (1, (2, 3, 4), (3, 4)),
        (-1, (2, 3), (3,)),
        (1, (2, 3), ()),
        (0, (2, 3), (2, 3)),
    ],
)
@pytest.mark.parametrize("bias_term", [False, True])
def test_second_bottom(axis, shape, scale, bias_term):
    layer = Scale(axis=axis, bias_term=bias_term)
    signature = layer.infer(Shape(shape), Shape(scale))
    assert [w.name for w in signature.weights] == ["bias"][:bias_term]
    rng = np.random.default_rng(0)
    x, s = rng.standard_normal(shape), rng.standard_normal(scale)
    y = Trial.on(layer, x, s).forward()[0]
    np.testing.assert_allclose(y, x * wide(s, x, axis), rtol=1e-12)
    check_gradient(layer, shape, scale)


def test_weight_begins_at_1_and_bias_at_0():
    one, bias = Scale(bias_term=True).infer(Shape((2, 3)), None).weights
    assert (one.filler.type, one.filler.value) == ("constant", 1)
    assert (bias.filler.type, bias.filler.value) == ("constant", 0)
    given = Scale(filler=Filler(type="gaussian")).infer(Shape((2, 3)), None).weights[0]
    assert given.filler.type == "gaussian"


def test_filler_without_a_type_keeps_its_value():
    given = Scale(filler=Filler(value=0.5)).infer(Shape((2, 3)), None).weights[0]
    assert (given.filler.type, given.filler.value) == ("constant", 0.5)


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("num_axes: -2", [(2, 3)], "num_axes must be at least -1, got -2"),
        ("axis: 2", [(2, 3)], "axis 2 is not one of the 2 axes of (2, 3)"),
        ("num_axes: 2", [(2, 3)], "2 axes from axis 1 on are more than (2, 3) has"),
        ("", [(2, 3), (2,)], "its second bottom (2,) must be a run of the axes of (2, 3)"),
        ("", [(2, 3), (3, 1)], "2 axes from axis 1 on are more than (2, 3) has"),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "Scale" top: "y" scale_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(Scale): {message}"

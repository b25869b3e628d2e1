import numpy as np
import pytest

from netdef.eager import Trial
from netdef.graph import build
from netdef.infer import infer
from netdef.layer import LAYERS
from netdef.prototxt import parse_net
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Slice = LAYERS["Slice"]


@pytest.mark.parametrize(
    ("fields", "shape", "tops"),
    [
        ({}, (2, 6, 2), [(2, 2, 2)] * 3),
        (dict(slice_point=(1, 4)), (2, 6), [(2, 1), (2, 3), (2, 2)]),
        (dict(axis=0), (4, 3), [(2, 3)] * 2),
        (dict(axis=-1, slice_point=(3,)), (2, 2, 4), [(2, 2, 3), (2, 2, 1)]),
        ({}, (2, 3), [(2, 3)]),
    ],
)
def test_shapes_forward_and_gradient(fields, shape, tops):
    layer = Slice(**fields)
    names = tuple(f"y{i}" for i in range(len(tops)))
    assert list(layer.infer(Shape(shape), names).tops) == tops
    x = np.random.default_rng(0).standard_normal(shape)
    parts = Trial.on(layer, x, tops=len(tops)).forward()
    np.testing.assert_array_equal(np.concatenate(parts, axis=layer.axis), x)
    check_gradient(layer, shape, tops=len(tops))


def test_old_name_of_the_axis():
    text = (
        'layer { name: "in" type: "Input" top: "a" input_param { shape { dim: 4 dim: 3 } } }\n'
        'layer { name: "s" type: "Slice" bottom: "a" top: "b" top: "c"\n'
        "slice_param { slice_dim: 0 } }"
    )
    blobs = infer(build(parse_net(text, "net.prototxt"), 0)).blobs
    assert blobs["b"] == blobs["c"] == (2, 3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("axis: 1 slice_dim: 1", "give axis or slice_dim, not both"),
        ("axis: 2", "axis 2 is not one of the 2 axes of (3, 5)"),
        ("", "axis 1 of (3, 5) does not divide into 2 equal parts; set slice_point"),
        ("slice_point: 1 slice_point: 2", "2 slice_point cut into 3 parts, but there are 2 tops"),
        ("slice_point: 5", "slice_point 5 is not within axis 1 of (3, 5)"),
        ("slice_point: 0", "slice_point must rise from above 0, got 0"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Slice" top: "y" top: "z" slice_param {{ {fields} }}'
    assert layer_refusal(layer, (3, 5)) == f"(Slice): {message}"


def test_points_must_rise():
    layer = 'type: "Slice" top: "x" top: "y" top: "z" slice_param { slice_point: 3 slice_point: 3 }'
    message = "(Slice): slice_point must rise from above 0, got 3, 3"
    assert layer_refusal(layer, (3, 5)) == message

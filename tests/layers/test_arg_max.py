import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.refusal import layer_refusal

ArgMax = LAYERS["ArgMax"]


def best(line, count):
    """Return the places and values of the largest, as a sort of pairs has them."""
    pairs = sorted(((v, i) for i, v in enumerate(line)), reverse=True)[:count]
    return [i for _, i in pairs], [v for v, _ in pairs]


@pytest.mark.parametrize("top_k", [1, 3])
@pytest.mark.parametrize("out_max_val", [False, True])
@pytest.mark.parametrize(
    ("axis", "shape"), [(0, (4, 2)), (1, (2, 5, 3)), (-1, (2, 3, 4)), (2, (1, 2, 3, 2))]
)
def test_along_an_axis(axis, shape, top_k, out_max_val):
    layer = ArgMax(axis=axis, top_k=top_k, out_max_val=out_max_val)
    x = np.random.default_rng(0).integers(0, 4, shape).astype(float)
    want = np.apply_along_axis(lambda line: best(line, top_k)[out_max_val], axis, x)
    assert layer.infer(Shape(shape)).tops == [want.shape]
    np.testing.assert_array_equal(Trial.on(layer, x).forward()[0], want)


@pytest.mark.parametrize(
    ("shape", "top"),
    [((3,), (3, 1, 1)), ((3, 5), (3, 1, 1)), ((2, 3, 2, 2), (2, 1, 1, 1)), ((2, 4, 3), (2, 1, 1))],
)
def test_of_whole_items(shape, top):
    x = np.random.default_rng(0).integers(0, 4, shape).astype(float)
    y = Trial.on(ArgMax(), x).forward()[0]
    assert y.shape == top
    assert y.ravel().tolist() == [best(item.ravel(), 1)[0][0] for item in x]


def test_numbers_follow_their_places():
    x = np.array([[1.0, 7, 7, 3], [9, 2, 8, 5]]).reshape(2, 2, 2, 1)
    layer = ArgMax(top_k=3, out_max_val=True)
    assert layer.infer(Shape(x.shape)).tops == [(2, 2, 3, 1)]
    y = Trial.on(layer, x).forward()[0]
    assert y[..., 0].tolist() == [[[2, 1, 3], [7, 7, 3]], [[0, 2, 3], [9, 8, 5]]]


def test_it_has_no_gradient():
    assert ArgMax.backward is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("top_k: 0", "top_k must be at least 1, got 0"),
        ("top_k: 7", "top_k 7 is more than the 6 numbers of (4, 2, 3)"),
        ("top_k: 3 axis: 1", "top_k 3 is more than the 2 numbers of (4, 2, 3)"),
        ("axis: 3", "axis 3 is not one of the 3 axes of (4, 2, 3)"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "ArgMax" top: "y" argmax_param {{ {fields} }}'
    assert layer_refusal(layer, (4, 2, 3)) == f"(ArgMax): {message}"


def test_a_single_number_has_no_items():
    layer = 'type: "ArgMax" top: "y"'
    assert layer_refusal(layer, ()) == "(ArgMax): axis 0 is not one of the 0 axes of ()"

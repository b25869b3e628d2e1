import numpy as np
import pytest

from netdef.data.source import is_constant
from netdef.layer import LAYERS, Filler
from netdef.proto import BlobShape
from tests.refusal import refusal

DummyData = LAYERS["DummyData"]
GAUSSIAN, ONE = Filler(type="gaussian", std=1), Filler(type="constant", value=1)


def source(tops=("a", "b"), seed=0, **fields):
    fields = {"shape": (BlobShape(dim=(2, 3)), BlobShape(dim=(4,))), **fields}
    return DummyData(**fields).open(tops, seed)


def batches(opened, count):
    return [[blob.copy() for blob in opened.next()] for _ in range(count)]


def assert_equal(some, others):
    for one, other in zip(some, others, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_shapes():
    assert source().shapes == ((2, 3), (4,))
    one = source(shape=(BlobShape(dim=(2,)),))
    assert one.shapes == ((2,), (2,))


def test_old_shapes():
    old = dict(shape=(), num=(2, 5), channels=(3,), height=(4, 1), width=(1,))
    assert source(**old).shapes == ((2, 3, 4, 1), (5, 3, 1, 1))


@pytest.mark.parametrize(
    ("fillers", "constant"), [((), True), ((ONE,), True), ((ONE, GAUSSIAN), False)]
)
def test_constant_batches_say_so(fillers, constant):
    assert is_constant(source(data_filler=fillers)) == constant


def test_zeros_without_a_filler():
    assert [b.any() for b in source().next()] == [False, False]


def test_constants_stay_and_others_are_drawn_anew():
    first, second = batches(source(data_filler=(GAUSSIAN, ONE)), 2)
    assert (first[0] != second[0]).all()
    assert (first[1] == 1).all() and (second[1] == 1).all()


def test_tops_and_seeds_differ():
    shape = (BlobShape(dim=(8,)),)
    [(a, b)] = batches(source(shape=shape, data_filler=(GAUSSIAN,)), 1)
    [(other, _)] = batches(source(shape=shape, data_filler=(GAUSSIAN,), seed=1), 1)
    assert (a != b).all() and (a != other).all()


def test_constants_that_a_net_overwrote_stay_constants_after_restoring():
    fillers = (GAUSSIAN, ONE)
    whole = source(data_filler=fillers)
    batches(whole, 2)
    state = whole.state()
    rest = batches(whole, 2)
    again = source(data_filler=fillers)
    again.restore(state)
    assert_equal(batches(again, 2), rest)


def test_every_filler_draws():
    for kind in ("uniform", "gaussian", "xavier", "msra", "positive_unitball"):
        blob = source(
            ("a",), shape=(BlobShape(dim=(6, 5)),), data_filler=(Filler(type=kind, std=1),)
        )
        assert len(np.unique(blob.next()[0])) > 20


SHAPE = "shape { dim: 2 }"


@pytest.mark.parametrize(
    ("fields", "tops", "message"),
    [
        (
            SHAPE * 2,
            3,
            "dummy_data_param has 2 shape for 3 tops; give 1 or 3",
        ),
        ("", 1, "dummy_data_param has 0 shape for 1 tops; give 1"),
        (
            SHAPE + "data_filler { } data_filler { }",
            1,
            "dummy_data_param has 2 data_filler for 1 tops; give 1",
        ),
        (
            SHAPE + "num: 1 channels: 1 height: 1 width: 1",
            1,
            "give shape or num, channels, height and width, not both",
        ),
        (
            "num: 1 channels: 1 channels: 2 height: 1 width: 1",
            3,
            "dummy_data_param has 2 channels for 3 tops; give 1 or 3",
        ),
        (
            "num: 1 channels: 1 height: 1",
            2,
            "dummy_data_param has 0 width for 2 tops; give 1 or 2",
        ),
        ("shape { dim: -1 }", 1, "top 't0' would have the shape (-1,)"),
        (
            SHAPE + 'data_filler { type: "bilinear" }',
            1,
            "the bilinear filler fills square 4-D kernels, not the shape (2,)",
        ),
        (
            SHAPE + 'data_filler { type: "gausian" }',
            1,
            "no filler type 'gausian'; did you mean 'gaussian'?",
        ),
    ],
)
def test_what_is_refused(fields, tops, message):
    names = "".join(f' top: "t{i}"' for i in range(tops))
    text = f'layer {{ name: "d" type: "DummyData"{names} dummy_data_param {{ {fields} }} }}'
    assert refusal(text) == f"net.prototxt:1: layer 'd' (DummyData): {message}"

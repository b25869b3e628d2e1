"""Calls that are over before a second thread would wake."""

import numpy as np
import pytest

from netdef.engines import Scratch, aligned, blas
from netdef.engines.available import why_no_onednn
from netdef.engines.numpy import NumpyEngine
from netdef.engines.threads import Threads
from netdef.engines.work import is_quick
from netdef.window import Window

THREE = dict(window=Window((3, 3), (1, 1), (1, 1), (1, 1)), group=1)
PLAIN = dict(trans_a=False, trans_b=False)


def empty(*shape):
    return np.broadcast_to(np.float32(0), shape)


def convolution(size):
    """Return the arrays of a convolution and of its gradients, from 64 channels to 64."""
    x, y, weight = empty(1, 64, size, size), empty(1, 64, size, size), empty(64, 64, 3, 3)
    return {
        "conv": dict(x=x, weight=weight, bias=None, out=y),
        "conv_grad_x": dict(weight=weight, dy=y, out=x),
        "conv_grad_weight": dict(x=x, dy=y, add_to=weight),
    }


def product(rows, depth, columns, target="out"):
    arrays = dict(a=empty(rows, depth), b=empty(depth, columns), bias=None)
    return arrays | {target: empty(rows, columns)}


# 1e5 operations or 2e4 bytes take one microsecond; 100 are quick.
@pytest.mark.parametrize("primitive", convolution(1))
@pytest.mark.parametrize(("size", "expected"), [(10, True), (20, False)])
def test_quick_convolutions(primitive, size, expected):
    assert is_quick(primitive, convolution(size)[primitive], THREE) == expected


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        (product(100, 200, 300), False),
        (product(100, 200, 300, "add_to"), False),
        (product(100, 200, 150), True),
        (product(1, 1000, 1000), False),
        (product(1, 1000, 400), True),
    ],
)
def test_quick_products(arrays, expected):
    assert is_quick("gemm", arrays, PLAIN) == expected
    turned = arrays | dict(a=arrays["a"].T)
    assert is_quick("gemm", turned, PLAIN | dict(trans_a=True)) == expected


def test_other_calls_are_quick_by_their_bytes():
    x, half = empty(249_999), (empty(125_001),) * 2
    assert is_quick("map", dict(x=x, out=x), {})
    assert not is_quick("map", dict(x=x, wide=empty(2), out=x), {})
    assert is_quick("concat", dict(parts=half[:1], out=x), {})
    assert not is_quick("concat", dict(parts=half, out=x), {})


@pytest.mark.skipif(not blas.can_be_held(), reason="NumPy has no OpenBLAS of its own")
@pytest.mark.parametrize("columns", [10, 4000])
def test_a_product_takes_no_more_threads_than_its_call(columns, monkeypatch):
    count = getattr(blas._library(), blas._GET)
    monkeypatch.setattr(np, "matmul", lambda *a, out: inside.append(count()))
    inside, before = [], count()
    engine = NumpyEngine(scratch=Scratch())
    engine.threads = Threads(2)
    arrays = dict(a=np.ones((1, 1000)), b=np.ones((1000, columns)), out=np.ones((1, columns)))
    engine.prepare("gemm", arrays, PLAIN)()
    assert set(inside) == {1} and len(inside) == (1 if columns == 10 else 2)
    assert count() == before


@pytest.fixture
def counts(monkeypatch):
    """The numbers of threads that oneDNN is told to use; it begins with 4."""
    if why_no_onednn():
        pytest.skip(f"needs oneDNN: {why_no_onednn()}")
    from netdef.engines.onednn import library

    told = [4]
    openmp = library._OpenMp(lambda: told[-1], told.append)
    monkeypatch.setattr(library.load(), "_openmp", openmp)
    return told


def prepared(size):
    """Return what runs a pooling of ``(1, 16, size, size)``, and its result."""
    from netdef.engines.onednn import OneDnnEngine

    x = np.arange(16.0 * size * size, dtype=np.float32).reshape(1, 16, size, size)
    out = np.zeros((1, 16, size // 2, size // 2), np.float32)
    engine = OneDnnEngine(scratch=Scratch(np, aligned(np, 1 << 24)))
    window = Window((2, 2), (2, 2), (0, 0), (1, 1))
    arrays = dict(x=x, out=out, index=None)
    return engine.prepare("pool_max", arrays, dict(window=window)), x[..., 1::2, 1::2], out


def test_a_quick_call_of_onednn_is_made_and_runs_in_one_thread(counts):
    run, want, out = prepared(6)
    assert counts == [4, 1, 4]
    run()
    assert counts == [4, 1, 4, 1, 4]
    np.testing.assert_array_equal(out, want)


def test_a_long_call_of_onednn_has_all_threads(counts):
    run, want, out = prepared(256)
    run()
    assert counts == [4]
    np.testing.assert_array_equal(out, want)


def test_where_there_is_one_thread_none_are_counted(counts):
    counts[:] = [1]
    run, want, out = prepared(6)
    run()
    assert counts == [1]
    np.testing.assert_array_equal(out, want)


def test_the_threads_are_given_back_after_an_error(counts):
    from netdef.engines.onednn.library import load

    def fail():
        raise ValueError("it fails")

    with pytest.raises(ValueError, match="it fails"):
        load().in_one_thread(fail)()
    assert counts == [4, 1, 4]

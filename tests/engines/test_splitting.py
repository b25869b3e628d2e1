"""A call cut into parts for threads computes what the whole call does."""

import numpy as np
import pytest

from netdef.engines import Scratch
from netdef.engines.numpy import NumpyEngine, splitting
from netdef.engines.threads import ALONE, Threads
from netdef.window import Window

WINDOW = Window((3, 3), (2, 2), (1, 1), (1, 1))
ONE_PIXEL = Window((1, 1), (1, 1), (0, 0), (1, 1))
SIDE, HALF = 20, 10
random = np.random.default_rng(0)


def images(channels, side=SIDE, batch=32, dtype="float32"):
    """Random images with the batch innermost in memory, as the plan lays them."""
    values = random.integers(0, 9, (channels, side, side, batch)).astype(dtype)
    return values.transpose(3, 0, 1, 2)


def plain(*shape):
    return random.integers(-4, 5, shape).astype(np.float32)


CASES = {
    "conv": (
        dict(x=images(6), weight=plain(10, 3, 3, 3), bias=plain(10), out=images(10, HALF)),
        dict(window=WINDOW, group=2),
    ),
    "conv 1x1": (
        dict(x=images(6), weight=plain(10, 6, 1, 1), bias=None, out=images(10)),
        dict(window=ONE_PIXEL, group=1),
    ),
    "conv_grad_weight": (
        dict(x=images(6), dy=images(10, HALF), add_to=plain(10, 3, 3, 3)),
        dict(window=WINDOW, group=2),
    ),
    "conv_grad_x": (
        dict(weight=plain(10, 3, 3, 3), dy=images(10, HALF), out=images(6)),
        dict(window=WINDOW, group=2),
    ),
    "conv_grad_x 1x1": (
        dict(weight=plain(10, 6, 1, 1), dy=images(10), out=images(6)),
        dict(window=ONE_PIXEL, group=1),
    ),
    "pool_max": (
        dict(x=images(7), out=images(7, HALF), index=images(7, HALF, dtype="uint8")),
        dict(window=WINDOW),
    ),
    "pool_max_grad": (
        dict(dy=images(7, HALF), index=images(7, HALF, dtype="uint8"), out=images(7)),
        dict(window=WINDOW),
    ),
    "pool_average": (dict(x=images(7), out=images(7, HALF)), dict(window=WINDOW)),
    "pool_average_grad": (dict(dy=images(7, HALF), out=images(7)), dict(window=WINDOW)),
    "batch_statistics": (dict(x=images(7), mean=plain(7), variance=plain(7)), {}),
    "batch_norm_grad": (
        dict(y=images(7), dy=images(7), inverse_std=plain(7), out=images(7)),
        {},
    ),
    "map": (
        dict(x=images(7), bias=plain(1, 7, 1, 1), out=images(7)),
        dict(expression="x * bias + 1", numbers={}),
    ),
    "map of one for all channels": (
        dict(x=images(7), mask=images(1), out=images(7)),
        dict(expression="x * mask", numbers={}),
    ),
    "map with fewer axes": (
        dict(x=plain(90, 400), bias=plain(400), add_to=plain(90, 400)),
        dict(expression="x * bias", numbers={}),
    ),
    "copy": (dict(x=images(7), out=plain(32, 7, SIDE, SIDE)), {}),
    "concat": (
        dict(parts=(images(7), images(5)), out=images(12)),
        dict(axis=1),
    ),
    "concat of the outermost axis": (
        dict(parts=(plain(30, 90, 8), plain(60, 90, 8)), out=plain(90, 90, 8)),
        dict(axis=0),
    ),
    "gemm": (
        dict(a=plain(90, 80), b=plain(400, 80), bias=plain(400), out=plain(90, 400)),
        dict(trans_a=False, trans_b=True),
    ),
    "gemm of many rows": (
        dict(a=plain(80, 500), b=plain(80, 90), bias=plain(90), out=plain(500, 90)),
        dict(trans_a=True, trans_b=False),
    ),
    "gemm that adds": (
        dict(a=plain(80, 500), b=plain(80, 90), add_to=plain(500, 90)),
        dict(trans_a=True, trans_b=False),
    ),
    "sum": (dict(x=images(7), add_to=plain(7)), dict(axes=(0, 2, 3))),
    "sum over the batch": (dict(x=plain(90, 400), out=plain(400)), dict(axes=(0,))),
    "sum_product": (dict(a=images(7), b=images(7), out=plain(7)), dict(axes=(0, 2, 3))),
}


def results(case, threads):
    """Run the call on copies; return what each array holds then, and how many runs shared it."""
    arrays, options = CASES[case]
    copies = {k: copied(a) for k, a in arrays.items()}
    shared = []

    class Watched(Threads):
        def together(self, runs):
            shared.append(len(runs))
            return super().together(runs)

    counting, engine = NumpyEngine(), NumpyEngine()
    counting.threads = engine.threads = Watched(threads)
    counting.prepare(case.split()[0], copies, options)
    engine.scratch = Scratch(np, np.full(counting.scratch.bytes, 255, np.uint8))
    engine.prepare(case.split()[0], copies, options)()
    written = {k: a for k, a in copies.items() if a is not None and k != "parts"}
    return written, max(shared, default=1)


def copied(array):
    if isinstance(array, tuple):
        return tuple(map(copied, array))
    return None if array is None else array.copy(order="K")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("threads", [2, 3])
def test_parts_make_the_whole(case, threads, monkeypatch):
    monkeypatch.setattr(splitting, "is_quick", lambda *_: False)
    whole, alone = results(case, ALONE.count)
    cut, shared = results(case, threads)
    assert (alone, shared) == (1, threads)
    for role in whole:
        np.testing.assert_allclose(cut[role], whole[role], rtol=1e-5, atol=1e-4, err_msg=role)


def test_a_small_call_is_left_whole():
    engine = NumpyEngine()
    engine.threads = Threads(2)
    x = plain(10, 10)
    out = np.empty_like(x)
    options = {"expression": "x + 1", "numbers": {}}
    engine.prepare("map", {"x": x, "out": out}, options)()
    np.testing.assert_array_equal(out, x + 1)
    assert engine.threads._workers == []

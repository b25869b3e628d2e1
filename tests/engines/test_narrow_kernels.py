"""The GPU's kernels on numbers of 16 bits: what they compute in float32, rounded once."""

from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest

from netdef.engines.cupy import CupyEngine
from netdef.engines.cupy.kernels import NARROW
from netdef.engines.engine import Refused
from tests.engines.primitives import Case, add_to, batch_norms, chains, normal, out
from tests.engines.test_agree import arrays_of
from tests.engines.test_cupy import CASES, engine_for, on_device

SUMS = {"sum", "sum_product"}
IMAGES = {"x", "y", "z", "dy", "a", "b", "wide", "far", "one", "out", "add_to", "scales", "parts"}
LONG_CHAINS = {str(case) for case in chains()}
TAKEN = [
    p
    for p in CASES
    if p.values[0].primitive in CupyEngine.takes_narrow and str(p.values[0]) not in LONG_CHAINS
]
LARGE = [
    Case("sum", dict(x=normal(5, 3, 90, 71)), add_to(3), dict(axes=(0, 2, 3))),
    *batch_norms(((6, 3, 60, 50),)),
]


def is_image(case, role):
    return role in IMAGES and not (case.primitive in SUMS and role in case.writes)


def prepared(xp, case, kind, order, is_wide):
    """Return a call on images of 16 bits, or on the same numbers in float32; and its targets."""

    def of(role, array):
        if isinstance(array, tuple):
            return tuple(of(role, part) for part in array)
        if not is_image(case, role) or array.dtype != np.float32:
            return array
        return array.astype(kind).astype(np.float32) if is_wide else array.astype(kind)

    reads, writes = (
        {role: on_device(xp, of(role, array)) for role, array in arrays.items()}
        for arrays in arrays_of(case, "float32", order)
    )
    reads = {
        role: tuple(on_device(xp, part) for part in array) if isinstance(array, tuple) else array
        for role, array in reads.items()
    }
    everything = {**reads, **writes, **dict.fromkeys(case.absent)}
    engine = engine_for(xp, case, everything)
    return engine.prepare(case.primitive, everything, case.options), writes


def assert_rounded_once(xp, case, kind, order):
    found, wide = (prepared(xp, case, kind, order, is_wide) for is_wide in (False, True))
    for call, _ in (found, wide):
        call()
    for role, array in found[1].items():
        want = np.array(wide[1][role].get())
        want = want.astype(kind) if is_image(case, role) and want.dtype == np.float32 else want
        got = np.array(array.get())
        assert got.dtype == want.dtype
        assert_same(got, want, is_gpu=xp.__name__ == "cupy", role=role)


def assert_same(got, want, is_gpu, role):
    """Compare bits; a GPU may round once for a product and a sum here, and twice there."""
    unit = float(ml_dtypes.finfo(want.dtype).eps) if want.dtype.kind not in "biu" else 0
    far = unit * (4 if want.dtype == np.float32 else 1) if is_gpu else 0
    found, expected = got.astype(np.float64), want.astype(np.float64)
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=far * scale, err_msg=role)


@pytest.mark.parametrize("case", [*TAKEN, *LARGE])
@pytest.mark.parametrize("order", ["plain", "channels innermost"])
@pytest.mark.parametrize("kind", NARROW)
def test_results_are_those_of_float32_rounded_once(case, kind, order, xp):
    assert_rounded_once(xp, case, kind, order)


def test_every_call_on_16_bits_is_tried():
    tried = {param.values[0].primitive for param in TAKEN}
    # Products have no kernel of our own; tests/test_feeding.py tries what is fed.
    assert tried == CupyEngine.takes_narrow - {"gemm", "feed"}


@pytest.mark.parametrize("kind", NARROW)
def test_numbers_are_rounded_as_numpy_rounds_them(kind, xp):
    every = np.arange(1 << 16, dtype=np.uint16)
    random = np.random.default_rng(3)
    some = [
        every.astype(np.uint32) << 16,
        every.astype(np.uint32) << 16 | 0x8000,  # halfway, for bfloat16
        (every.view(np.float16).astype(np.float32).view(np.uint32) + 0x1000),  # and for float16
        random.integers(0, 1 << 32, 1 << 17, dtype=np.uint32),
    ]
    scaled = random.standard_normal(1 << 17) * 10.0 ** random.integers(-9, 6, 1 << 17)
    edges = [65503.99, 65504, 65519.99, 65520, 2**-24, 2**-25, 0, -0.0, np.inf, -np.inf]
    numbers = np.concatenate(
        [np.concatenate(some).view(np.float32), scaled.astype(np.float32), np.float32(edges)]
    )
    with np.errstate(all="ignore"):
        want = numbers.astype(kind)
    assert_copied(xp, numbers, want)
    assert_copied(xp, every.view(kind), every.view(kind).astype(np.float32))


def assert_copied(xp, numbers, want):
    goal = xp.zeros(want.shape, want.dtype)
    CupyEngine(xp).prepare("copy", dict(x=xp.asarray(numbers), out=goal), {})()
    found, bits = np.array(goal.get()), f"uint{8 * want.itemsize}"
    is_number = ~np.isnan(want)
    np.testing.assert_array_equal(found[is_number].view(bits), want[is_number].view(bits))
    assert np.isnan(found[~is_number]).all()


def test_what_is_added_to_in_16_bits_is_rounded_once(xp):
    target = xp.asarray(np.full(3, 256), "bfloat16")
    x = xp.asarray([1.5, 1.0, 0.5], "float32")
    options = dict(expression="x / 2 + x / 2", numbers={})
    CupyEngine(xp).prepare("map", dict(x=x, add_to=target), options)()
    # 257 is halfway between 256 and 258, and 256 is the even one.
    np.testing.assert_array_equal(target.get().astype(float), [258, 256, 256])


def test_no_number_is_rounded_inside_an_expression(xp):
    a, goal = xp.asarray([1.0, 2.0], "float16"), xp.zeros((2,), "float16")
    options = dict(expression="(a + tiny) - a", numbers={"tiny": 2.0**-12})
    CupyEngine(xp).prepare("map", dict(a=a, out=goal), options)()
    np.testing.assert_array_equal(goal.get().astype(float), [2.0**-12] * 2)


def without_a_kernel():
    x, weight, y = normal(3, 4, 7, 5), normal(6, 4, 3, 3), (3, 6, 7, 5)
    window = next(
        p.values[0].options["window"] for p in CASES if p.values[0].primitive == "pool_max"
    )
    window = replace(window, kernel=(3, 3), stride=(1, 1), pad=(1, 1), dilation=(1, 1))
    options = dict(window=window, group=1)
    return [
        Case("conv", dict(x=x, weight=weight, bias=normal(6)), out(*y), options),
        Case("conv_grad_weight", dict(x=x, dy=normal(*y)), add_to(6, 4, 3, 3), options),
        Case("gemm", dict(a=normal(5, 7), b=normal(7, 3)), out(5, 3),
             dict(trans_a=False, trans_b=False), ("bias",)),
    ]  # fmt: skip


@pytest.mark.parametrize("case", [pytest.param(c, id=str(c)) for c in without_a_kernel()])
@pytest.mark.parametrize("kind", NARROW)
def test_what_has_no_kernel_is_computed_in_copies_of_float32(case, kind, xp):
    assert_rounded_once(xp, case, kind, "plain")


def test_images_of_several_types_are_refused():
    wide, narrow = np.zeros((2, 3, 4, 4), "float32"), np.zeros((2, 3, 4, 4), "bfloat16")
    vectors = dict.fromkeys(("mean", "variance"), np.zeros(3, "float32"))
    images = dict(x=wide, out=narrow, scale=None, bias=None, mask=None)
    with pytest.raises(Refused, match="float32 or float64 alone, not bfloat16 and float32"):
        CupyEngine().prepare("batch_norm", vectors | images, dict(eps=1, relu=False))
    halves = dict(vectors, mean=np.zeros(3, "bfloat16"))
    with pytest.raises(Refused, match="float32 beside them, not bfloat16 and float32"):
        CupyEngine().prepare("batch_statistics", dict(halves, x=narrow), {})

"""Every primitive gives the same numbers, however its arrays lie and whatever their type.

What it is compared with is the reference engine on plain arrays of float64.
"""

import inspect

import numpy as np
import pytest

from netdef.engines import Clock, Scratch, aligned
from netdef.engines.numpy import NumpyEngine
from netdef.engines.scratch import fake
from netdef.engines.threads import Threads
from netdef.memory import _IN_PLACE
from netdef.ops import HOST_CALLS, Ops
from tests.engines.primitives import cases

CASES = [pytest.param(case, id=f"{i}-{case}") for i, case in enumerate(cases())]
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}
WEIGHTS = {"weight", "a", "b", "table"}
"""Roles whose arrays always lie plain."""


@pytest.fixture(params=["numpy", pytest.param("cupy", marks=pytest.mark.gpu)])
def xp(request):
    """The array module of an engine's device."""
    return np if request.param == "numpy" else gpu_module()


def gpu_module():
    """Return CuPy; without a GPU the test is skipped."""
    cupy = pytest.importorskip("cupy", reason="needs CuPy and an NVIDIA GPU")
    if not cupy.cuda.is_available():
        pytest.skip("needs an NVIDIA GPU")
    return cupy


def test_every_primitive_has_a_case():
    methods = {n for n, _ in inspect.getmembers(Ops, inspect.isfunction) if not n.startswith("_")}
    tried = {param.values[0].primitive for param in CASES}
    assert tried == methods - HOST_CALLS - {"emit", "uniform"}


INNERMOST = {"batch innermost": 0, "channels innermost": 1}


def laid(values, dtype, order, is_weight=False):
    """Return a copy in C order, or with one axis innermost; whole numbers keep their type."""
    values = np.asarray(values)
    values = values.astype(dtype) if values.dtype.kind == "f" else values
    if order == "plain" or values.ndim < 3 or is_weight:
        return np.array(values, order="C")
    axis = INNERMOST[order]
    inner = np.ascontiguousarray(np.moveaxis(values, axis, -1))
    return np.moveaxis(inner, -1, axis)


def arrays_of(case, dtype, order):
    """Return what the call reads, and targets: garbage, or ones for what is added to.

    ``order`` is one for all, or ``"... to ..."``.
    """
    order, _, goal = order.partition(" to ")
    reads = {}
    for role, values in case.reads.items():
        is_weight = role in WEIGHTS
        if isinstance(values, tuple):
            reads[role] = tuple(laid(part, dtype, order) for part in values)
        else:
            reads[role] = laid(values, dtype, order, is_weight)
    writes = {}
    for role, (shape, kind) in case.writes.items():
        value = np.nan if kind is None and not role.startswith("add_") else 1
        is_weight = case.primitive == "conv_grad_weight"
        target = np.full(shape, value, kind or dtype)
        writes[role] = laid(target, dtype, goal or order, is_weight)
        if kind is not None:
            writes[role].fill(99)
    return reads, writes


def engine_with_exact_scratch(case, reads, writes, kind=NumpyEngine):
    """Return an engine with as much scratch memory as the plan would give it, full of garbage."""
    counter = kind(scratch=Scratch())
    everything = {**reads, **writes, **dict.fromkeys(case.absent)}
    counter.prepare(case.primitive, without_memory(everything), case.options)
    block = aligned(np, counter.scratch.bytes)
    block.fill(0xFF)
    return kind(scratch=Scratch(np, block), clock=Clock())


def without_memory(arrays):
    def one(array):
        if array is None:
            return None
        if isinstance(array, tuple):
            return tuple(map(one, array))
        order = np.argsort([-s for s in array.strides], kind="stable")
        return fake(array.shape, array.dtype, tuple(order.tolist()))

    return {role: one(array) for role, array in arrays.items()}


def run(case, dtype, order, xp=np, times=1, kind=NumpyEngine):
    """Return what the call writes, by role, as NumPy arrays."""
    reads, writes = arrays_of(case, dtype, order)
    before = {role: np.array(a) for role, a in reads.items() if not isinstance(a, tuple)}
    if xp is np:
        engine = engine_with_exact_scratch(case, reads, writes, kind)
        for role in before:  # a plan has no numbers yet: what is prepared must not look at them
            reads[role].fill(77)
    else:
        engine = on_gpu(xp)
        reads, writes = ({k: to_gpu(xp, v) for k, v in d.items()} for d in (reads, writes))
    call = engine.prepare(
        case.primitive, {**reads, **writes, **dict.fromkeys(case.absent)}, case.options
    )
    if xp is np:
        for role, values in before.items():
            reads[role][...] = values
    for _ in range(times):
        call()
    if xp is not np:
        return {role: a.get() for role, a in writes.items()}
    for role, values in before.items():
        np.testing.assert_array_equal(reads[role], values, f"{role} was changed")
    return writes


def on_gpu(xp):
    class Fresh(Scratch):
        def take(self, shape, dtype):
            return xp.empty(shape, dtype)

    return NumpyEngine(xp, Fresh(xp), Clock())


def to_gpu(xp, array):
    if isinstance(array, tuple):
        return tuple(to_gpu(xp, a) for a in array)
    order = np.argsort([-s for s in array.strides], kind="stable").tolist()
    return xp.ascontiguousarray(xp.asarray(array.transpose(order))).transpose(
        np.argsort(order).tolist()
    )


def assert_agree(found, reference, dtype):
    assert found.keys() == reference.keys()
    for role, values in reference.items():
        scale = max(1.0, float(np.abs(values).max(initial=0)))
        np.testing.assert_allclose(
            found[role], values, rtol=0, atol=TOLERANCE[dtype] * scale, err_msg=role
        )
        assert np.isfinite(found[role]).all(), f"{role} was not overwritten"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("order", ["plain", *INNERMOST])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_layouts_and_types(case, dtype, order, xp):
    assert_agree(run(case, dtype, order, xp), run(case, "float64", "plain"), dtype)


@pytest.mark.parametrize("case", CASES)
def test_a_second_run_overwrites_or_adds_again(case):
    once, twice = (run(case, "float64", "plain", times=n) for n in (1, 2))
    for role, values in once.items():
        want = 2 * values - 1 if role.startswith("add_") else values  # targets begin as ones
        np.testing.assert_allclose(twice[role], want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if "add_to" in c.values[0].writes])
def test_what_is_added_is_not_nothing(case):
    assert (run(case, "float64", "plain")["add_to"] != 1).any()


def same_shape_reads(case):
    """Yield the roles that a plan may let the call write over."""
    for role, values in case.reads.items():
        is_alike = np.shape(values) == case.writes.get("out", (None,))[0]
        if is_alike and np.asarray(values).dtype.kind == "f":
            yield role


ALIASES = [
    pytest.param(param.values[0], role, id=f"{param.id}-over-{role}")
    for param in CASES
    if param.values[0].primitive in _IN_PLACE
    for role in same_shape_reads(param.values[0])
]


def test_every_primitive_that_runs_in_place_is_tried():
    assert {param.values[0].primitive for param in ALIASES} == _IN_PLACE


@pytest.mark.parametrize(("case", "role"), ALIASES)
@pytest.mark.parametrize("order", ["plain", "batch innermost"])
def test_result_may_lie_over_an_input(case, role, order):
    reads, writes = arrays_of(case, "float64", order)
    engine = engine_with_exact_scratch(case, reads, writes)
    everything = {**reads, **dict.fromkeys(case.absent), "out": reads[role]}
    engine.prepare(case.primitive, everything, case.options)()
    assert_agree({"out": reads[role]}, run(case, "float64", "plain"), "float64")


@pytest.mark.parametrize("order", ["plain", "batch innermost"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_draws_the_same_numbers_in_every_layout(order, dtype):
    def draw(order, stream="layer/chance", seed=3, iteration=0):
        out = laid(np.full((4, 3, 5), np.nan), dtype, order)
        engine = NumpyEngine(scratch=Scratch(), clock=Clock(seed, iteration))
        engine.prepare("uniform", dict(out=out), dict(stream=stream))()
        return np.array(out)

    drawn = draw(order)
    assert ((drawn >= 0) & (drawn < 1)).all() and len(np.unique(drawn)) == drawn.size
    np.testing.assert_array_equal(drawn, draw("plain"))
    for other in (
        draw(order, stream="other/chance"),
        draw(order, seed=4),
        draw(order, iteration=1),
    ):
        assert (drawn != other).any()


@pytest.mark.parametrize("order", ["plain", "channels innermost"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 3, 61, 47), (40961,), (2, 20000)])
def test_threads_draw_the_numbers_that_one_would(shape, dtype, order):
    def draw(count):
        out = laid(np.full(shape, np.nan), dtype, order)
        engine = NumpyEngine(scratch=Scratch(), clock=Clock(3, 5))
        engine.threads = Threads(count)
        engine.prepare("uniform", dict(out=out), dict(stream="layer/chance"))()
        return np.array(out)

    np.testing.assert_array_equal(draw(3), draw(1))

"""The GPU's own kernels: they compile for a GPU, and run on the CPU as the reference does."""

import inspect
import itertools
import re
from types import ModuleType

import numpy as np
import pytest

from netdef.engines import Clock, Scratch
from netdef.engines.cupy import CupyEngine, kernels
from netdef.engines.cupy.elementwise import map_source
from netdef.engines.cupy.places import Axes, axes_of
from netdef.engines.cupy.reduction import Reduction
from netdef.engines.engine import Refused
from netdef.engines.numpy import NumpyEngine
from netdef.engines.scratch import fake
from netdef.errors import DeviceError
from netdef.expression import compile_expression
from netdef.ops import Ops
from netdef.window import Window
from tests.engines.kernels_on_cpu import RawModule
from tests.engines.nvrtc import ARCHITECTURES, assembly, complaints, library
from tests.engines.primitives import Case, add_to, batch_norms, cases, normal, out
from tests.engines.test_agree import (
    ALIASES,
    arrays_of,
    assert_agree,
    laid,
    run,
    without_memory,
)

OWN = {name for kind in CupyEngine.__mro__ if ".cupy." in kind.__module__ for name in vars(kind)}
CASES = [
    pytest.param(case, id=f"{i}-{case}") for i, case in enumerate(cases()) if case.primitive in OWN
]


@pytest.mark.parametrize("group", kernels.FILES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_kernels_compile_for_gpus(group, architecture):
    nvrtc = library()
    indices = ("uint8", "int32") if group == "pooling" else ("uint8",)
    images = ("float32", "float64", *kernels.NARROW)
    for image, index in itertools.product(images, indices):
        assert complaints(nvrtc, kernels.source(group, image, index), architecture) == ""


def test_the_text_of_a_kernel_that_is_made():
    expression = compile_expression("where(x > 0, x, slope * wide)", {"slope": 0.25})
    text = map_source(expression, "float32", {"x": "float32", "wide": "uint8"}, adds=True)
    assert text.startswith(kernels.source("map", "float32"))
    made = text.removeprefix(kernels.source("map", "float32"))
    assert (
        made
        == """
typedef Real T;

const int EACH = 4;

struct Map {
    int count;
    Axes axes;
    Strides target, operands[2];
};

extern "C" __global__ void map(
    Image* target, const float* in_x, const unsigned char* in_wide, Map by)
{
    const int first = blockIdx.x * (EACH * THREADS) + threadIdx.x;
    T read_x[EACH];
    T read_wide[EACH];
    T before[EACH];
    for (int k = 0; k < EACH; ++k) {
        const int i = min(first + k * THREADS, by.count - 1);
        read_x[k] = in_x[place(by.axes, by.operands[0], i)];
        read_wide[k] = in_wide[place(by.axes, by.operands[1], i)];
        before[k] = target[place(by.axes, by.target, i)];
    }
    for (int k = 0; k < EACH; ++k) {
        const int i = first + k * THREADS;
        if (i >= by.count)
            return;
        const T of_x = read_x[k];
        const T of_wide = read_wide[k];
        Image& result = target[place(by.axes, by.target, i)];
        bool r0 = of_x > T(0.0);
        T r1 = T(0.25) * of_wide;
        T r2 = (r0) ? T(of_x) : T(r1);
        result = before[k] + r2;
    }
}
"""
    )


@pytest.mark.parametrize("stored", ["float32", *kernels.NARROW])
def test_a_thread_asks_for_all_operands_before_it_writes(stored):
    text = map_source(
        compile_expression("x * y + z", {}), stored, dict.fromkeys("xyz", stored), adds=True
    )
    before, *_ = assembly(library(), text, ["--std=c++17"]).split("st.global")
    assert before.count("ld.global") == 4 * 4
    assert "st.local" not in before  # an array that is not in registers


@pytest.mark.parametrize("kind", ["uint8", "int32", "int64", "bool", "float64"])
def test_operands_of_other_types_are_read_anew_each_time(kind, xp):
    mask, out = xp.asarray([[1, 0, 1]], kind), xp.full((2, 3), np.nan, "float32")
    x = xp.asarray(np.arange(6.0).reshape(2, 3), "float32")
    options = dict(expression="x * mask", numbers={})
    call = CupyEngine(xp).prepare("map", dict(x=x, mask=mask, out=out), options)
    call()
    np.testing.assert_array_equal(out.get(), [[0, 0, 2], [3, 0, 5]])
    mask[...] = 1 - mask
    call()
    np.testing.assert_array_equal(out.get(), [[0, 1, 0], [0, 4, 0]])


def on_device(xp, array):
    """Lay an array as it lies in memory of the device's."""
    if array is None:
        return None
    if isinstance(array, tuple):
        return tuple(on_device(xp, part) for part in array)
    order = np.argsort([-s for s in array.strides], kind="stable").tolist()
    copied = xp.asarray(array.transpose(order).copy("C"))
    return copied.transpose(np.argsort(order).tolist())


def engine_for(xp, case, arrays):
    """Return an engine with as much scratch memory, full of garbage, as was planned for a call."""
    counter = CupyEngine(scratch=Scratch())
    everything = {**arrays, **dict.fromkeys(case.absent)}
    counter.prepare(case.primitive, without_memory(everything), case.options)
    block = xp.full(counter.scratch.bytes, 0xFF, np.uint8)
    return CupyEngine(xp, Scratch(xp, block), Clock())


def run_on_device(xp, case, dtype, order, times=1):
    """Return what the call writes."""
    reads, writes = arrays_of(case, dtype, order)
    reads, writes = ({k: on_device(xp, v) for k, v in d.items()} for d in (reads, writes))
    everything = {**reads, **writes, **dict.fromkeys(case.absent)}
    call = engine_for(xp, case, everything).prepare(case.primitive, everything, case.options)
    for _ in range(times):
        call()
    return {role: np.array(a.get()) for role, a in writes.items()}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "order", ["plain", "batch innermost", "channels innermost", "plain to batch innermost"]
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_agrees_with_the_reference(case, order, dtype, xp):
    assert_agree(run_on_device(xp, case, dtype, order), run(case, "float64", "plain"), dtype)


LARGE = [
    Case("sum", dict(x=normal(5, 3, 90, 71)), add_to(3), dict(axes=(0, 2, 3))),
    Case("sum", dict(x=normal(2, 300, 2, 90)), out(2, 2), dict(axes=(1, 3))),
    Case("sum", dict(x=normal(4000, 3)), add_to(3), dict(axes=(0,))),
    Case("sum_product", dict(a=normal(3, 2500), b=normal(3, 2500)), out(), dict(axes=(0, 1))),
    *batch_norms(((6, 3, 60, 50),)),
]
"""Calls whose results are made in parts."""


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{i}-{c}") for i, c in enumerate(LARGE)])
@pytest.mark.parametrize("order", ["plain", "batch innermost", "channels innermost"])
def test_large_sums_are_made_in_parts(case, order, monkeypatch, xp):
    parts = []
    packed = Reduction.packed
    monkeypatch.setattr(Reduction, "packed", lambda by: parts.append(by.parts) or packed(by))
    found = run_on_device(xp, case, "float64", order)
    assert max(parts) > 1
    assert_agree(found, run(case, "float64", "plain"), "float64")


@pytest.mark.parametrize("case", [*CASES, *LARGE])
def test_no_order_of_threads_changes_a_bit(case, monkeypatch, xp):
    forwards = run_on_device(xp, case, "float32", "batch innermost")
    monkeypatch.setattr(RawModule, "is_backwards", True)
    backwards = run_on_device(xp, case, "float32", "batch innermost")
    for role, values in forwards.items():
        np.testing.assert_array_equal(values, backwards[role], role)


@pytest.mark.parametrize("case", CASES)
def test_a_second_run_overwrites_or_adds_again(case, xp):
    once, twice = (run_on_device(xp, case, "float64", "plain", times=n) for n in (1, 2))
    for role, values in once.items():
        want = 2 * values - 1 if role.startswith("add_") else values  # targets begin as ones
        np.testing.assert_allclose(twice[role], want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("case", "role"), [p.values for p in ALIASES if p.values[0].primitive in OWN]
)
def test_result_may_lie_over_an_input(case, role, xp):
    reads, _ = arrays_of(case, "float64", "plain")
    reads = {k: on_device(xp, v) for k, v in reads.items()}
    call = engine_for(xp, case, reads | {"out": reads[role]}).prepare(
        case.primitive, {**reads, **dict.fromkeys(case.absent), "out": reads[role]}, case.options
    )
    call()
    assert_agree({"out": reads[role].get()}, run(case, "float64", "plain"), "float64")


def test_every_array_may_lie_in_its_own_order(xp):
    """Images, windows and their places: three orders at once."""
    window = Window((3, 2), (2, 1), (1, 0), (1, 1))
    x, dy = normal(3, 4, 6, 5), normal(3, 4, *window.slide_up((6, 5)))

    def both_ways(kind):
        image, error, dx = (on_device(xp, a) for a in (x, dy, x))
        y = on_device(xp, laid(dy, "float64", "channels innermost"))
        index = on_device(xp, laid(np.zeros_like(dy), "uint8", "batch innermost"))
        engine = kind(xp, Scratch(xp, xp.zeros(1 << 16, np.uint8)))
        engine.prepare("pool_max", dict(x=image, out=y, index=index), dict(window=window))()
        back = dict(dy=error, index=index, out=dx)
        engine.prepare("pool_max_grad", back, dict(window=window))()
        return {"y": y.get(), "index": index.get(), "dx": dx.get()}

    assert_agree(both_ways(CupyEngine), both_ways(NumpyEngine), "float64")


def test_places_of_a_large_window(xp):
    window = Window((17, 17), (5, 4), (8, 0), (1, 1))
    x = normal(2, 3, 20, 21)
    y = normal(2, 3, *window.slide_up((20, 21)))
    places = {**out(*y.shape), "index": (y.shape, "int32")}
    forward = Case("pool_max", dict(x=x), places, dict(window=window))
    made = run(forward, "float64", "plain")
    assert made["index"].max() > 255
    assert_agree(run_on_device(xp, forward, "float64", "batch innermost"), made, "float64")
    reads = dict(dy=y, index=made["index"])
    back = Case("pool_max_grad", reads, out(*x.shape), dict(window=window))
    found = run_on_device(xp, back, "float64", "batch innermost")
    assert_agree(found, run(back, "float64", "plain"), "float64")


@pytest.mark.parametrize("order", ["plain", "batch innermost", "channels innermost"])
def test_what_was_clipped_comes_back_from_the_mask(order, xp):
    shape, eps = (3, 4, 5, 2), dict(eps=1e-3, relu=True)
    x, dy, scale, bias = normal(*shape), normal(*shape), normal(4), normal(4) / 8

    def both_ways(kind):
        image, error = (on_device(xp, laid(a, "float64", order)) for a in (x, dy))
        y, dx = (on_device(xp, laid(np.zeros(shape), "float64", order)) for _ in range(2))
        mask = xp.zeros(shape, "uint8")
        mean, variance, factor, offset, into_scale, into_bias = (
            xp.asarray(a) for a in (*np.zeros((2, 4)), scale, bias, *np.ones((2, 4)))
        )
        engine = kind(xp, Scratch(xp, xp.zeros(1 << 16, np.uint8)), Clock())
        seen = dict(x=image, mean=mean, variance=variance, scale=factor, mask=mask)
        engine.prepare("batch_norm", dict(seen, bias=offset, out=y), eps)()
        adds = dict(out=dx, add_scale=into_scale, add_bias=into_bias)
        engine.prepare("batch_norm_back", dict(seen, dy=error, **adds), eps)()
        made = {"y": y, "dx": dx, "scale": into_scale, "bias": into_bias, "mask": mask}
        return {role: array.get() for role, array in made.items()}

    found = both_ways(CupyEngine)
    assert 0 < found["mask"].sum() < found["mask"].size
    assert_agree(found, both_ways(NumpyEngine), "float64")


@pytest.mark.parametrize("order", ["plain", "batch innermost"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_draws_what_the_cpu_draws(order, dtype, xp):
    clock = Clock(seed=2**40 + 5, iteration=7)
    ours, theirs = (
        on_device(xp, laid(np.zeros((5, 3, 7, 11)), dtype, order)),
        np.zeros((5, 3, 7, 11)),
    )
    theirs = theirs.astype(dtype)
    engine = CupyEngine(xp, Scratch(xp), clock)
    here = engine.prepare("uniform", dict(out=ours), dict(stream="a"))
    there = NumpyEngine(np, Scratch(), clock).prepare("uniform", dict(out=theirs), dict(stream="a"))
    for clock.iteration in (7, 8):
        engine.begin_pass()
        here()
        there()
        np.testing.assert_array_equal(ours.get(), theirs)


@pytest.mark.parametrize("kind", [CupyEngine, NumpyEngine])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shares_of_a_batch_draw_what_it_would(dtype, kind, xp):
    """Of 3 times 35 numbers, so that none but the first begins with a count of its own."""

    def draw(share, rows):
        out, clock = xp.zeros((rows, 7), dtype), Clock(seed=3, iteration=5, share=share)
        engine = kind(xp, Scratch(xp), clock)
        call = engine.prepare("uniform", dict(out=out), dict(stream="a"))
        engine.begin_pass()
        call()
        return out.get()

    parts = [draw(share, 5) for share in range(3)]
    np.testing.assert_array_equal(np.concatenate(parts), draw(0, 15))


@pytest.mark.parametrize("kind", [CupyEngine, NumpyEngine])
def test_a_loss_is_never_infinite_and_keeps_what_is_not_a_number(kind, xp):
    def loss(*scores):
        x, label = xp.asarray([scores], "float32"), xp.asarray([0], "float32")
        made = dict(out=xp.zeros((), "float32"), normalizer=xp.zeros((), "float32"))
        engine = kind(xp, Scratch(xp, xp.zeros(1 << 12, np.uint8)))
        options = dict(axis=1, ignore=None, normalization="VALID")
        arrays = dict(made, x=x, label=label, probability=None)
        engine.prepare("softmax_loss", arrays, options)()
        return float(made["out"].get())

    assert loss(0, 1000, 0) == pytest.approx(126 * np.log(2))
    assert np.isnan(loss(np.nan, 0, 0))
    assert np.isnan(loss(0, 1, np.nan))


@pytest.mark.parametrize("kind", [CupyEngine, NumpyEngine])
def test_pooling_keeps_what_is_not_a_number(kind, xp):
    x, y = xp.zeros((1, 1, 4), "float32"), xp.zeros((1, 1, 2), "float32")
    x[0, 0, 0], x[0, 0, 3] = np.nan, np.nan
    engine = kind(xp, Scratch(xp, xp.zeros(1 << 12, np.uint8)))
    window = Window((2,), (2,), (0,), (1,))
    engine.prepare("pool_max", dict(x=x, out=y, index=None), dict(window=window))()
    assert np.isnan(y.get()).all()


X = np.zeros((2, 3, 6, 6), np.float32)


@pytest.mark.parametrize(
    ("primitive", "arrays", "options", "why"),
    [
        (
            *("pool_average", dict(x=X, out=np.zeros((2, 3, 2, 2), "f"))),
            *(dict(window=Window((2, 2), (2, 2), (0, 0), (2, 2))), "does not dilate"),
        ),
        (
            *("pool_average", dict(x=X.reshape(1, 1, 2, 3, 6, 6), out=X.reshape(1, 1, 2, 3, 6, 6))),
            *(dict(window=Window(*[(1,) * 4] * 2, (0,) * 4, (1,) * 4)), "at most 3 axes, not 4"),
        ),
        (
            *("softmax", dict(x=X, out=X.astype("float64")), dict(axis=1)),
            "float32 or float64 alone, not float32 and float64",
        ),
        (
            *("batch_statistics", dict(x=X, mean=X[0, 0, 0, ::2], variance=X[0, 0, 0, ::2]), {}),
            "side by side",
        ),
    ],
)
def test_refused(primitive, arrays, options, why):
    with pytest.raises(Refused, match=why):
        CupyEngine().prepare(primitive, arrays, options)


def test_a_compiler_that_is_missing():
    def fail(**given):
        raise RuntimeError("no libnvrtc.so")

    device = ModuleType("device")
    device.RawModule = fail
    message = (
        "the kernel softmax cannot be compiled (no libnvrtc.so); install CUDA's run-time that your"
        " driver takes: pip install 'netdef[cuda12]' or 'netdef[cuda13]'"
    )
    with pytest.raises(DeviceError, match=f"^{re.escape(message)}$"):
        CupyEngine(device).prepare("softmax", dict(x=X, out=X), dict(axis=1))


def test_what_is_only_planned_does_not_run():
    with pytest.raises(AssertionError, match="planned without a GPU"):
        CupyEngine().prepare("softmax", dict(x=X, out=X), dict(axis=1))()


def test_empty_arrays(xp):
    nothing, totals = xp.zeros((0, 3), "float32"), xp.zeros((0,))
    total = xp.full((3,), 7, "float32")
    engine = CupyEngine(xp)
    engine.prepare("softmax", dict(x=nothing, out=nothing), dict(axis=1))()
    engine.prepare("map", dict(x=nothing, out=nothing), dict(expression="2 * x", numbers={}))()
    engine.prepare("sum", dict(x=nothing, out=total), dict(axes=(0,)))()
    assert not total.get().any()
    engine.prepare("sum", dict(x=xp.zeros((0, 3)), out=totals), dict(axes=(1,)))()


def test_an_array_that_no_int_can_count_is_refused():
    large = fake((3, 2**30), "float32")
    with pytest.raises(Refused, match=re.escape("no array of about 2**31 numbers or more")):
        CupyEngine().prepare("softmax", dict(x=large, out=large), dict(axis=1))


def test_axes_that_lie_together_are_one():
    shape = (2, 3, 4, 5)
    plain, innermost = (60, 20, 5, 1), (1, 40, 10, 2)
    assert axes_of(shape, plain).sizes == (120,)
    assert axes_of(shape, plain, (0, 1, 0, 0)) == Axes((20, 3, 2), ((1, 20, 60), (0, 1, 0)))
    assert axes_of(shape, innermost, (0, 1, 0, 0)) == Axes((40, 3), ((1, 40), (0, 1)))
    assert axes_of((1, 1), (7, 7)) == Axes((1,), ((0,),))
    with pytest.raises(Refused, match="at most 5 axes that lie apart, not 6"):
        axes_of((2,) * 6, [3**i for i in range(6)])


def test_threads_that_end_while_others_wait_are_seen():
    kernel = RawModule(
        'extern "C" __global__ void k() { if (threadIdx.x) __syncthreads(); }', ["--std=c++17"]
    ).get_function("k")
    with pytest.raises(AssertionError, match="ended while others wait"):
        kernel((1,), (2,), ())


@pytest.mark.parametrize(
    ("arguments", "fault"), [((), "another number"), ((np.int64(1),), "argument 1 has another")]
)
def test_wrong_arguments_are_seen(arguments, fault):
    code = 'extern "C" __global__ void k(int) {}'
    with pytest.raises(AssertionError, match=fault):
        RawModule(code, ["--std=c++17"]).get_function("k")((1,), (1,), arguments)


def test_only_primitives_hide_what_the_reference_has():
    """A name of both would send the reference's calls to a kernel."""
    both = OWN & {name for kind in NumpyEngine.__mro__ for name in vars(kind)}
    names = {name for name, _ in inspect.getmembers(Ops, inspect.isfunction)}
    engines = {"name", "begin_pass", "computes_narrow", "takes_narrow"}
    assert {name for name in both if not name.startswith("__")} - names == engines


def test_every_own_primitive_has_a_case():
    tried = {param.values[0].primitive for param in CASES} | {"uniform"}
    own = {n for n in OWN if not n.startswith("_")}
    assert tried == own & {name for name, _ in inspect.getmembers(Ops, inspect.isfunction)}

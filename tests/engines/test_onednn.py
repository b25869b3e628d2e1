"""oneDNN gives the reference's numbers, and refuses no more than is known."""

import inspect

import numpy as np
import pytest

from netdef.engines import Engine, Refused, Scratch
from netdef.engines.available import why_no_onednn
from netdef.ops import Ops
from netdef.window import Window
from tests.engines.test_agree import (
    ALIASES,
    CASES,
    arrays_of,
    assert_agree,
    engine_with_exact_scratch,
    run,
)

if why_no_onednn():
    pytest.skip(f"needs oneDNN: {why_no_onednn()}", allow_module_level=True)

from netdef.engines.onednn import OneDnnEngine

INNERMOST = "channels innermost"
ORDERS = ["plain", INNERMOST, f"plain to {INNERMOST}", f"{INNERMOST} to plain"]


def refusal(case, order):
    """Return why oneDNN leaves a case to NumPy, or None if it must not."""
    if case.primitive.startswith("lrn"):
        shape = case.reads["x"].shape
        is_fast = case.options["beta"] == 0.75 and len(shape) == 4 and shape[1] > 1
        if order != INNERMOST or not is_fast:
            return "has (no|only a slow) lrn_forward|normalizes only images"
    if case.primitive == "gemm":
        ((shape, _),) = case.writes.values()
        if np.prod(shape) < 100:
            return "is no faster with so small a product"
        if len(shape) > 2 and not order.endswith("plain"):
            return "multiplies only matrices whose rows"
    if case.primitive == "map":
        ((shape, _),) = case.writes.values()
        if np.prod(shape) < 1000:
            return "computes no such expression|is no faster with so small arrays"
        if " to " in order and (case.options["expression"], *case.writes) != ("x", "out"):
            return "has (no|only a slow)"
    if case.primitive.startswith(("prelu", "layer_norm")):
        if case.reads["x"].size < 1000:
            return "is no faster with so small arrays"
        is_image = case.primitive.startswith("prelu") and case.reads["x"].ndim > 2
        if is_image and " to " in order and "out" in case.writes:
            return "has (no|only a slow) prelu"
    if case.primitive in ("softmax", "softmax_grad", "softmax_loss"):
        x = case.reads["y" if case.primitive == "softmax_grad" else "x"]
        if x.size < 1000:
            return "is no faster with so small arrays"
        begins_innermost = order.partition(" to ")[0] == INNERMOST
        if x.ndim > 2 and not (
            begins_innermost if "loss" in case.primitive else order == INNERMOST
        ):
            return "has (no|only a slow) softmax"
    if case.primitive == "copy":
        x = case.reads["x"]
        if x.dtype != float or x.size < 1000 or " to " not in order:
            return "copies float32 and bfloat16 only|is no faster"
    if case.primitive.startswith("batch_norm") and case.reads["x"].ndim > 2 and " to " in order:
        return "has no batch_normalization"
    return None


def primitives_of(engine: type[Engine]) -> set[str]:
    """Return the primitives that an engine has methods for."""
    known = {n for n, _ in inspect.getmembers(Ops, inspect.isfunction) if not n.startswith("_")}
    return {name for name in known if hasattr(engine, name)}


HAS = primitives_of(OneDnnEngine)
OWN = [param for param in CASES if param.values[0].primitive in HAS]


def test_what_it_has():
    assert primitives_of(OneDnnEngine) == {
        "conv",
        "conv_grad_x",
        "conv_grad_weight",
        "pool_max",
        "pool_max_grad",
        "pool_average",
        "pool_average_grad",
        "lrn",
        "lrn_grad",
        "gemm",
        "copy",
        "map",
        "softmax",
        "softmax_grad",
        "softmax_loss",
        "batch_norm",
        "batch_norm_back",
        "layer_norm",
        "layer_norm_back",
        "prelu",
        "prelu_back",
    }


def found(case, order, times=1):
    """Return what oneDNN computes; skip what it is known to refuse."""
    why = refusal(case, order)
    if why is not None:
        with pytest.raises(Refused, match=why):
            run(case, "float32", order, kind=OneDnnEngine)
        pytest.skip(f"oneDNN {why}")
    return run(case, "float32", order, times=times, kind=OneDnnEngine)


@pytest.mark.parametrize("case", OWN)
@pytest.mark.parametrize("order", ORDERS)
def test_agrees_with_the_reference(case, order):
    assert_agree(found(case, order), run(case, "float64", "plain"), "float32")


@pytest.mark.parametrize("case", OWN)
def test_a_second_run_overwrites_or_adds_again(case):
    once, twice = (found(case, INNERMOST, times) for times in (1, 2))
    for role, values in once.items():
        want = 2 * values - 1 if role.startswith("add_") else values  # targets begin as ones
        np.testing.assert_allclose(twice[role], want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("case", "role"), [p for p in ALIASES if p.values[0].primitive in HAS])
def test_result_may_lie_over_an_input(case, role):
    why = refusal(case, INNERMOST)
    if why is not None:
        pytest.skip(f"oneDNN {why}")
    reads, writes = arrays_of(case, "float32", INNERMOST)
    engine = engine_with_exact_scratch(case, reads, writes, OneDnnEngine)
    everything = {**reads, **dict.fromkeys(case.absent), "out": reads[role]}
    engine.prepare(case.primitive, everything, case.options)()
    assert_agree({"out": reads[role]}, run(case, "float64", "plain"), "float32")


@pytest.mark.parametrize(("size", "is_refused"), [(14, False), (16, True)])
def test_large_windows_of_one_channel_are_left_to_numpy(size, is_refused):
    window = Window((size, size), (2, 2), (0, 0), (1, 1))
    x, dy = (np.zeros((1, side, side, 21), np.float32) for side in (20, (20 - size) // 2 + 1))
    arrays = dict(x=x.transpose(0, 3, 1, 2), dy=dy.transpose(0, 3, 1, 2))
    arrays["add_to"] = np.zeros((21, 1, size, size), np.float32)
    engine, options = OneDnnEngine(scratch=Scratch()), dict(window=window, group=21)
    if is_refused:
        with pytest.raises(Refused, match="is slower than NumPy with windows so large"):
            engine.prepare("conv_grad_weight", arrays, options)
    else:
        engine.prepare("conv_grad_weight", arrays, options)


def test_it_refuses_float64():
    refusal = OneDnnEngine().refuses("conv", "float64", {})
    assert refusal == "computes in float32 and bfloat16, not float64"

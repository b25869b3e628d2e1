"""What the engine asks cuDNN to compute is what the primitives mean; no GPU runs here.

Calls become operation graphs, which NumPy computes from their documentation.
"""

import dataclasses
import inspect

import numpy as np
import pytest

from netdef.engines import Clock, Refused, Scratch, settings
from netdef.engines.cudnn import CudnnEngine
from netdef.engines.cudnn.convolution_graphs import Geometry
from netdef.engines.cudnn.operation_graph import is_dense
from netdef.engines.numpy import NumpyEngine
from netdef.ops import Ops
from netdef.window import Window
from tests.engines.graph_in_numpy import NumpyDevice
from tests.engines.test_agree import (
    CASES,
    arrays_of,
    assert_agree,
    engine_with_exact_scratch,
    laid,
    run,
    without_memory,
)

INNERMOST = "channels innermost"
ORDERS = ["plain", INNERMOST, f"plain to {INNERMOST}", f"{INNERMOST} to plain"]
METHODS = {n for n, _ in inspect.getmembers(Ops, inspect.isfunction) if not n.startswith("_")}
HAS = {name for name in METHODS if hasattr(CudnnEngine, name)}
ATTENTION = [param for param in CASES if param.values[0].primitive.startswith("attention")]
OWN = [p for p in CASES if p.values[0].primitive in HAS and p not in ATTENTION]


def engine(**options):
    """Return the engine, on a device that computes with NumPy."""

    class OnNumpy(CudnnEngine):
        device = NumpyDevice(**options)
        others = NumpyEngine

    return OnNumpy


@pytest.fixture(params=[False, True], ids=["float32", "TF32"])
def tf32(request, monkeypatch):
    """Whether float32 may be rounded, which decides how images lie."""
    monkeypatch.setattr(settings.chosen, "tf32", request.param)


def test_what_it_has():
    assert {
        "conv",
        "conv_grad_x",
        "conv_grad_weight",
        "batch_norm",
        "batch_norm_back",
        "gemm",
        "attention",
        "attention_back",
    } == HAS


@pytest.mark.parametrize("case", OWN)
@pytest.mark.parametrize("order", ORDERS)
def test_it_gives_the_references_numbers(case, order, tf32):
    found = run(case, "float32", order, kind=engine())
    assert_agree(found, run(case, "float64", "plain"), "float32")


@pytest.mark.parametrize("case", OWN)
def test_a_second_run_overwrites_or_adds_again(case):
    once, twice = (run(case, "float32", "plain", times=n, kind=engine()) for n in (1, 2))
    for role, values in once.items():
        want = 2 * values - 1 if role.startswith("add_") else values  # targets begin as ones
        np.testing.assert_allclose(twice[role], want, rtol=1e-4, atol=1e-4)


FEWER = [
    [{"relu"}],
    [{"add"}],
    [{"bias"}],
    [{"bias"}, {"relu"}, {"add"}],
]
"""What cuDNN may have no plans for, so that it is done apart."""


@pytest.mark.parametrize("refuses", FEWER, ids=str)
@pytest.mark.parametrize("options", [{}, {"most": 1.5}, {"slope": 0.25}], ids=str)
@pytest.mark.parametrize("has_plus", [False, True])
def test_what_there_is_no_plan_for_is_done_apart(refuses, options, has_plus):
    case = next(p.values[0] for p in OWN if "bias" in p.values[0].reads)
    reads = dict(case.reads)
    if has_plus:
        reads["plus"] = np.random.default_rng(1).standard_normal(case.writes["out"][0])
    case = dataclasses.replace(case, reads=reads, options=case.options | {"relu": True} | options)
    found = run(case, "float32", "plain", kind=engine(refuses=refuses))
    assert_agree(found, run(case, "float64", "plain"), "float32")


@pytest.mark.parametrize("case", [p for p in OWN if p.values[0].primitive == "gemm"])
def test_products_are_convolutions_where_float32_must_stay(case):
    if len(case.writes.get("out", case.writes.get("add_to"))[0]) > 2 or (
        case.options["trans_a"] and case.options["trans_b"]
    ):
        with pytest.raises(Refused, match="has no plan for gemm in float32"):
            run(case, "float32", "plain", kind=engine(refuses=[{"matmul"}]))
        return
    found = run(case, "float32", "plain", kind=engine(refuses=[{"matmul"}]))
    assert_agree(found, run(case, "float64", "plain"), "float32")


@pytest.mark.parametrize("case", OWN)
def test_arrays_at_odd_addresses(case):
    reads, writes = arrays_of(case, "float32", "plain")
    reads, writes = ({k: _at_odd_address(v) for k, v in d.items()} for d in (reads, writes))
    engine_with_exact_scratch(case, reads, writes, engine()).prepare(
        case.primitive, {**reads, **writes, **dict.fromkeys(case.absent)}, case.options
    )()
    reference = run(case, "float64", "plain")
    assert_agree(writes, reference, "float32")


def _at_odd_address(array):
    """Return a copy that begins four bytes past a multiple of 16."""
    room = np.zeros(array.nbytes + 32, np.uint8)
    start = -room.ctypes.data % 16 + 4
    moved = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def narrow_images(case, dtype):
    """Return the arrays of a case with images in 16 bits, channels innermost; the rest as it is."""
    reads, writes = arrays_of(case, "float32", INNERMOST)
    for arrays in (reads, writes):
        for role in {"x", "dy", "out", "plus"} & arrays.keys():
            arrays[role] = arrays[role].astype(dtype, order="K")
    return reads, writes


@pytest.mark.parametrize("case", [p for p in OWN if p.values[0].primitive != "gemm"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_images_of_16_bits(case, dtype):
    reads, writes = narrow_images(case, dtype)
    engine_with_exact_scratch(case, reads, writes, engine()).prepare(
        case.primitive, {**reads, **writes, **dict.fromkeys(case.absent)}, case.options
    )()
    reference = run(case, "float64", "plain")
    for role, values in reference.items():
        scale = max(1.0, float(np.abs(values).max(initial=0)))
        found = writes[role].astype("float64")
        np.testing.assert_allclose(found, values, rtol=0, atol=0.03 * scale, err_msg=role)


def clipped_pair(dtype, order, kind, out_dtype=None):
    """Return what a clipped batch normalization and its gradient write, one after the other."""
    rng = np.random.default_rng(0)
    shape, eps = (6, 3, 4, 5), 1e-3
    x, dy = (laid(rng.standard_normal(shape), dtype, order) for _ in range(2))
    scale, bias = (rng.standard_normal(3).astype(dtype) for _ in range(2))
    types = (out_dtype or dtype, dtype, "uint8")
    out, dx, mask = (laid(np.ones(shape), t, order) for t in types)
    mean, variance, add_scale, add_bias = (np.ones(3, dtype) for _ in range(4))
    options, seen = {"eps": eps, "relu": True}, {"x": x, "mean": mean, "variance": variance}
    forward = seen | {"scale": scale, "bias": bias, "out": out, "mask": mask}
    back = seen | {"dy": dy, "scale": scale, "mask": mask, "out": dx}
    back |= {"add_scale": add_scale, "add_bias": add_bias}
    for name, arrays in (("batch_norm", forward), ("batch_norm_back", back)):
        counter = kind(scratch=Scratch())
        counter.prepare(name, without_memory(arrays), options)
        block = np.full(counter.scratch.bytes, 0xFF, np.uint8)
        kind(scratch=Scratch(np, block)).prepare(name, arrays, options)()
    return {"out": out, "dx": dx, "mean": mean, "variance": variance, "s": add_scale, "b": add_bias}


@pytest.mark.parametrize("order", ["plain", INNERMOST])
def test_what_was_clipped_is_known_backward(order, tf32):
    found = clipped_pair("float32", order, engine())
    assert_agree(found, clipped_pair("float64", "plain", NumpyEngine), "float32")


def test_bits_lie_as_the_image_that_both_read_whatever_each_writes():
    """Forward writes 16 bits, backward float32; what was clipped must mean the same to both."""
    found = clipped_pair("float32", "plain", engine(), out_dtype="float16")
    wanted = clipped_pair("float64", "plain", NumpyEngine)
    for role, values in wanted.items():
        np.testing.assert_allclose(found[role].astype("f"), values, atol=0.02, err_msg=role)


def test_masks_are_written_only_where_they_can_be_read():
    kind, image, vector = engine(refuses=[{"scale"}]), np.ones((2, 3, 4, 5), "f"), np.ones(3, "f")
    arrays = dict.fromkeys(("x", "out"), image)
    arrays |= dict.fromkeys(("scale", "bias", "mean", "variance"), vector)
    options = {"eps": 1e-3, "relu": True}
    kind(scratch=Scratch()).prepare("batch_norm", arrays | {"mask": None}, options)
    arrays["mask"] = image.astype("uint8")
    with pytest.raises(Refused, match="has no plan for batch_norm_back"):
        kind(scratch=Scratch()).prepare("batch_norm", arrays, options)


def test_masks_are_read_only_where_they_are_written():
    kind, image, vector = engine(refuses=[{"cmp_gt"}]), np.ones((2, 3, 4, 5), "f"), np.ones(3, "f")
    names = ("x", "dy", "out"), ("mean", "variance", "scale", "add_scale", "add_bias")
    arrays = dict.fromkeys(names[0], image) | dict.fromkeys(names[1], vector)
    options = {"eps": 1e-3, "relu": True}
    kind(scratch=Scratch()).prepare("batch_norm_back", arrays | {"mask": None}, options)
    arrays["mask"] = image.astype("uint8")
    with pytest.raises(Refused, match="has no plan for batch_norm"):
        kind(scratch=Scratch()).prepare("batch_norm_back", arrays, options)


def test_what_it_does_not_compute_in():
    assert CudnnEngine().refuses("conv", "float32", {}) is None
    assert CudnnEngine().refuses("conv", "bfloat16", {}) is None
    why = CudnnEngine().refuses("conv", "float64", {})
    assert why == "computes in float32, bfloat16 and float16, not float64"


def test_how_images_lie(monkeypatch):
    assert CudnnEngine().image_order(4) == (0, 1, 2, 3)
    assert CudnnEngine(tf32=True).image_order(4) == (0, 2, 3, 1)
    assert CudnnEngine(precision="BF16").image_order(5) == (0, 2, 3, 4, 1)
    monkeypatch.setattr(settings.chosen, "tf32", True)
    assert CudnnEngine().image_order(4) == (0, 2, 3, 1)
    planned = CudnnEngine(precision="F32", tf32=False)
    ready = planned.running_on(np, Scratch(), Clock())  # whatever the settings are by now
    assert ready.image_order(4) == (0, 1, 2, 3)
    assert not ready.tf32


@pytest.mark.parametrize(
    ("image", "stride", "places", "padding"),
    [
        ((8, 9), (1, 1), (8, 9), [1, 1]),
        ((8, 9), (2, 2), (4, 5), [1, 1]),  # a row of pixels at the end that no window sees
        ((8, 9), (2, 2), (5, 5), [2, 1]),  # one window more
        ((8, 9), (1, 1), (7, 9), [0, 1]),  # one less
    ],
)
def test_padding_at_the_end(image, stride, places, padding):
    window = Window((3, 3), stride, (1, 1), (1, 1))
    shape = Geometry((1, 1, *image), (1, 1, 3, 3), (1, 1, *places), window, "float32", False, False)
    assert shape.moves["post_padding"] == padding


def test_windows_cannot_be_left_out():
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    shape = Geometry((1, 1, 8, 8), (1, 1, 3, 3), (1, 1, 5, 8), window, "float32", False, False)
    with pytest.raises(Refused, match="leaves out no windows at the end of an image"):
        _ = shape.moves


@pytest.mark.parametrize(
    ("dtype", "is_tf32"), [("float32", False), ("float32", True), ("float16", False)]
)
def test_images_that_lie_as_they_should_are_not_copied(dtype, is_tf32, monkeypatch):
    monkeypatch.setattr(settings.chosen, "tf32", is_tf32)
    innermost = is_tf32 or dtype == "float16"
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))

    def scratch(order):
        x, y = (laid(np.ones((2, c, 8, 8)), dtype, order) for c in (3, 5))
        weight = laid(np.ones((5, 3, 3, 3)), dtype, order)
        made = engine(workspace=0)(scratch=Scratch())
        arrays = {"x": x, "weight": weight, "bias": None, "out": y}
        made.prepare("conv", without_memory(arrays), {"window": window, "group": 1})
        return made.scratch.bytes

    assert (scratch("plain") == 0) == (not innermost)
    assert (scratch(INNERMOST) == 0) == innermost


def test_axes_of_one_element_lie_anywhere():
    pictures = np.ones((4, 5, 6, 1)).transpose(0, 3, 1, 2)  # one channel, innermost
    assert is_dense(pictures, True)
    assert is_dense(pictures, False)
    assert not is_dense(pictures[:, :, ::2], False)
    assert is_dense(np.ones((2, 3, 4, 5)), False)
    assert not is_dense(np.ones((2, 3, 4, 5)), True)


def heads_of_16_bits(case, dtype, lie_side_by_side):
    """Return the arrays of a case, those of places and features in 16 bits."""
    reads, writes = arrays_of(case, "float32", "plain")
    for arrays in (reads, writes):
        for role in arrays.keys() - {"hidden", "stats"}:
            values = arrays[role].astype(dtype)
            if lie_side_by_side:
                values = values.transpose(0, 2, 1, 3).copy().transpose(0, 2, 1, 3)
            arrays[role] = values
    return reads, writes


@pytest.mark.parametrize("case", ATTENTION)
@pytest.mark.parametrize(("precision", "dtype"), [("BF16", "bfloat16"), ("FP16", "float16")])
@pytest.mark.parametrize("stored", ["float32", "16 bits", "16 bits side by side"])
def test_attention_is_computed_in_16_bits(case, precision, dtype, stored, monkeypatch):
    monkeypatch.setattr(settings.chosen, "precision", precision)
    stored_in = "float32" if stored == "float32" else dtype
    reads, writes = heads_of_16_bits(case, stored_in, stored.endswith("side"))
    made = engine_with_exact_scratch(case, reads, writes, engine(workspace=128))
    everything = {**reads, **writes, **dict.fromkeys(case.absent)}
    made.prepare(case.primitive, everything, case.options)()
    for role, values in run(case, "float64", "plain").items():
        scale = max(1.0, float(np.abs(values).max()))
        found = writes[role].astype("float64")
        np.testing.assert_allclose(found, values, rtol=0, atol=0.04 * scale, err_msg=role)
    assert (made.scratch.bytes == 128) == stored.endswith("side")  # nothing is copied then


def test_attention_in_float32_is_left_to_others():
    case = ATTENTION[0].values[0]
    with pytest.raises(Refused, match="computes attention in 16 bits alone"):
        run(case, "float32", "plain", kind=engine())

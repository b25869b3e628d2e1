"""The GPU's own kernels: they compile for a GPU, and run on the CPU as the reference does."""

import itertools

import numpy as np
import pytest

from netdef.engines import Clock, Scratch
from netdef.engines.cupy import CupyEngine, kernels
from tests.engines import stand_in
from tests.engines.nvrtc import ARCHITECTURES, complaints, library
from tests.engines.primitives import cases
from tests.engines.test_agree import arrays_of, assert_agree, run, without_memory

XP = stand_in.module()
OWN = {name for kind in CupyEngine.__mro__ if ".cupy." in kind.__module__ for name in vars(kind)}
CASES = [
    pytest.param(case, id=f"{i}-{case}") for i, case in enumerate(cases()) if case.primitive in OWN
]


@pytest.mark.parametrize("group", kernels.FILES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_kernels_compile_for_gpus(group, architecture):
    nvrtc = library()
    for real, index in itertools.product(("float32", "float64"), ("uint8", "int32")):
        assert complaints(nvrtc, kernels.source(group, real, index), architecture) == ""


def on_device(array):
    """Lay an array as it lies in memory of the device's."""
    if array is None or isinstance(array, tuple):
        return array
    order = np.argsort([-s for s in array.strides], kind="stable").tolist()
    copied = XP.asarray(array.transpose(order).copy("C"))
    return copied.transpose(np.argsort(order).tolist())


def run_on_device(case, dtype, order, times=1):
    """Return what the call writes, with as much scratch memory as was planned for it."""
    reads, writes = arrays_of(case, dtype, order)
    absent = dict.fromkeys(case.absent)
    counter = CupyEngine(scratch=Scratch())
    counter.prepare(case.primitive, without_memory({**reads, **writes, **absent}), case.options)
    block = XP.full(counter.scratch.bytes, 0xFF, np.uint8)
    engine = CupyEngine(XP, Scratch(XP, block), Clock())
    reads, writes = ({k: on_device(v) for k, v in d.items()} for d in (reads, writes))
    call = engine.prepare(case.primitive, {**reads, **writes, **absent}, case.options)
    for _ in range(times):
        call()
    return {role: np.array(a.get()) for role, a in writes.items()}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "order", ["plain", "batch innermost", "channels innermost", "plain to batch innermost"]
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_agrees_with_the_reference(case, order, dtype):
    assert_agree(run_on_device(case, dtype, order), run(case, "float64", "plain"), dtype)


def test_every_own_primitive_has_a_case():
    tried = {param.values[0].primitive for param in CASES} | {"uniform"}
    own = {n for n in OWN if not n.startswith("_")}
    assert tried == own - {"name", "launch", "blocks_for", "one_type", "index_type"}

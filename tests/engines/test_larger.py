"""The larger and the smaller of two numbers, where one is none."""

import numpy as np
import pytest

from netdef.engines.cupy import CupyEngine
from netdef.engines.numpy import NumpyEngine
from tests.engines.kernels_on_cpu import RawModule


@pytest.mark.parametrize("kind", [CupyEngine, NumpyEngine])
@pytest.mark.parametrize("text", ["maximum(x, y)", "minimum(x, y)", "maximum(x, 0) + 0 * y"])
def test_the_larger_of_two_keeps_what_is_not_a_number(text, kind, xp):
    """CUDA's max and min would leave it out, and a net that is lost would look whole."""
    x, y = xp.asarray([np.nan, 1, 2], "float32"), xp.asarray([1, np.nan, 3], "float32")
    out = xp.zeros((3,), "float32")
    kind(xp).prepare("map", dict(x=x, y=y, out=out), dict(expression=text, numbers={}))()
    assert np.isnan(out.get()).tolist() == [True, True, False]


def test_the_stand_in_leaves_it_out_as_cuda_does():
    code = 'extern "C" __global__ void k(float* x) { x[0] = max(x[0], x[1]); }'
    x = np.array([np.nan, 2], "float32")
    place = np.uintp(x.ctypes.data)
    RawModule(code, ["--std=c++17"]).get_function("k")((1,), (1,), (place,))
    assert x.tolist() == [2, 2]

"""cuDNN computes on a GPU what its operation graphs say."""

import numpy as np
import pytest

from netdef.engines import Clock, Scratch
from netdef.engines.cudnn import CudnnEngine
from netdef.engines.cudnn.library import why_no_cudnn
from tests.engines.test_agree import arrays_of, assert_agree, run, to_gpu
from tests.engines.test_cudnn import INNERMOST, OWN

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def cupy():
    module = pytest.importorskip("cupy", reason="needs CuPy and an NVIDIA GPU")
    if not module.cuda.is_available():
        pytest.skip("needs an NVIDIA GPU")
    if why_no_cudnn():
        pytest.skip(f"needs cuDNN: {why_no_cudnn()}")
    return module


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Keep plans apart from the user's."""
    monkeypatch.setenv("NETDEF_HOME", str(tmp_path))


def engine(cupy):
    """Return an engine whose scratch memory is new for every call, and garbage."""

    class Fresh(Scratch):
        def take(self, shape, dtype):
            size = int(np.prod(shape, dtype=np.int64)) * cupy.dtype(dtype).itemsize
            return cupy.full(size, 0xFF, "uint8").view(dtype).reshape(shape)

    return CudnnEngine(cupy, Fresh(cupy, block=cupy.empty(1, "uint8")), Clock())


@pytest.mark.parametrize("case", OWN)
@pytest.mark.parametrize("order", ["plain", INNERMOST])
def test_it_gives_the_references_numbers(case, order, cupy):
    reads, writes = (
        {role: to_gpu(cupy, array) for role, array in arrays.items()}
        for arrays in arrays_of(case, "float32", order)
    )
    everything = {**reads, **writes, **dict.fromkeys(case.absent)}
    engine(cupy).prepare(case.primitive, everything, case.options)()
    found = {role: array.get() for role, array in writes.items()}
    assert_agree(found, run(case, "float64", "plain"), "float32")

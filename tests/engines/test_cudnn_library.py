"""What is said of a cuDNN that is missing or old, and how plans are run; by stand-ins."""

import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from netdef.engines.cudnn import library
from netdef.engines.cudnn.convolution_graphs import Finish, Geometry, forward
from netdef.engines.cudnn.device import GpuDevice
from netdef.engines.cudnn.library import Target, in_words, load, why_no_cudnn
from netdef.engines.cudnn.normalization_graphs import Normalized
from netdef.engines.cudnn.normalization_graphs import forward as normalize
from netdef.engines.cudnn.plan import Plan
from netdef.errors import RunError
from netdef.window import Window

MEND = "pip install 'netdef[cuda12]' or 'netdef[cuda13]', as your driver is"
PROPERTIES = '{"deviceName":"A/B","deviceVer":900,"multiProcessorCount":132,"driverVer":13000}'


@pytest.fixture(autouse=True)
def forget():
    """Let every test load anew, and what comes after."""
    load.cache_clear()
    why_no_cudnn.cache_clear()
    yield
    load.cache_clear()
    why_no_cudnn.cache_clear()


@pytest.fixture
def cudnn(monkeypatch):
    """A stand-in for the frontend, that notes what it is asked."""
    made = SimpleNamespace(__version__="1.28.0", backend_version=lambda: 92800, calls=[])
    made.create_handle = lambda: 77
    made.set_stream = lambda **options: made.calls.append(("stream", options))
    made.create_device_properties = lambda what: SimpleNamespace(serialize=lambda: PROPERTIES)

    class PyGraph:
        def __init__(self, **options):
            made.calls.append(("pygraph", options))

        def deserialize(self, handle, content):
            made.calls.append(("deserialize", handle, content))

        def execute(self, places, workspace, handle):
            seen = {uid: _float_at(p) if p > 1 << 20 else p for uid, p in places.items()}
            made.calls.append(("execute", seen, workspace, handle))

    made.pygraph = PyGraph
    monkeypatch.setitem(sys.modules, "cudnn", made)
    return made


def _float_at(address):
    return float(np.ctypeslib.as_array((np.ctypeslib.ctypes.c_float * 1).from_address(address))[0])


def test_the_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "cudnn", None)
    why = "cuDNN's frontend is not here (import of cudnn halted; None in sys.modules); " + MEND
    assert why_no_cudnn() == why


def test_the_library_cannot_be_loaded(cudnn):
    def fails():
        raise RuntimeError("libcudnn.so.9 is not there")

    cudnn.backend_version = fails
    assert why_no_cudnn() == f"cuDNN cannot be loaded (libcudnn.so.9 is not there); {MEND}"


def test_the_library_is_too_old(cudnn):
    cudnn.backend_version = lambda: 91099
    assert why_no_cudnn() == f"cuDNN 9.10.99 is older than 9.11.0; {MEND}"
    assert in_words(library.OLDEST) == "9.11.0"


def test_all_is_well(cudnn):
    assert why_no_cudnn() is None


def test_plans_depend_on_the_gpu_its_driver_and_cudnn(cudnn):
    name = "A-B, 132 multiprocessors, driver 13000, cuDNN 9.28.0, frontend 1.28.0"
    assert Target.of_gpu(0).folder == name
    assert Target(PROPERTIES).keywords["sm_version"] == 900


@pytest.fixture
def gpu(cudnn, monkeypatch, tmp_path):
    stream = SimpleNamespace(ptr=5, is_capturing=lambda: False)
    cuda = SimpleNamespace(get_current_stream=lambda: stream, Device=nullcontext)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=cuda))
    monkeypatch.setenv("NETDEF_HOME", str(tmp_path))
    return GpuDevice(1)


def at(address):
    """Return what stands for an array of the GPU that begins there."""
    return SimpleNamespace(data=SimpleNamespace(ptr=address))


def test_a_plan_runs_on_addresses_by_number_and_the_stream_of_then(cudnn, gpu):
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    shapes = (2, 3, 8, 8), (5, 3, 3, 3), (2, 5, 8, 8)
    graph = forward(Geometry(*shapes, window, "float32", False, False), Finish(bias=True))
    arrays = {"out": at(64), "bias": at(48), "weight": at(32), "x": at(16)}
    run = gpu.bind(graph, Plan(10, b"\1\2"), arrays, at(80))
    assert cudnn.calls == [("pygraph", {"handle": 77}), ("deserialize", 77, [1, 2])]
    cudnn.calls.clear()
    run()
    stream = ("stream", {"handle": 77, "stream": 5})
    assert cudnn.calls == [stream, ("execute", {1: 16, 2: 32, 3: 48, 4: 64}, 80, 77)]


def test_numbers_are_read_where_they_lie_on_the_host(cudnn, gpu):
    graph = normalize(Normalized((2, 3, 4, 5), "float32", False, 0.25, False, False))
    places = [o for o in (*graph.inputs, *graph.outputs) if o.value is None]
    arrays = {o.name: at(16 * graph.number_of(o.name)) for o in places}
    gpu.bind(graph, Plan(0, b""), arrays, None)()
    name, seen, workspace, _ = cudnn.calls[-1]
    assert (name, workspace) == ("execute", 0)
    numbers = {graph.number_of("epsilon"): 0.25, graph.number_of("momentum"): 1.0}
    assert seen == {n: numbers.get(n, 16 * n) for n in range(1, len(seen) + 1)}


def test_where_arrays_must_begin(gpu):
    assert gpu.is_aligned(at(32))
    assert not gpu.is_aligned(at(36))


def test_a_plan_that_fails_says_which_and_how_to_do_without(cudnn, gpu):
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    shapes = (2, 3, 8, 8), (5, 3, 3, 3), (2, 5, 8, 8)
    graph = forward(Geometry(*shapes, window, "float32", False, False), Finish())

    def fail(**options):
        raise RuntimeError("CUDNN_STATUS_EXECUTION_FAILED")

    cudnn.set_stream = fail
    run = gpu.bind(
        graph, Plan(0, b"", "eng7"), {"out": at(48), "weight": at(32), "x": at(16)}, None
    )
    with pytest.raises(RunError) as caught:
        run()
    assert str(caught.value) == (
        "cuDNN failed at conv in float32 as conv_fprop by eng7 (CUDNN_STATUS_EXECUTION_FAILED);"
        " --engine cupy does without"
    )
    stream = sys.modules["cupy"].cuda.get_current_stream()
    stream.is_capturing = lambda: True  # whoever captures must see what cuDNN says
    with pytest.raises(RuntimeError, match="^CUDNN_STATUS_EXECUTION_FAILED$"):
        run()

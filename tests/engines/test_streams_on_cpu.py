"""The stand-in for CUDA's streams refuses what CuPy and CUDA refuse while a stream captures."""

import numpy as np
import pytest

from tests.engines import stand_in
from tests.engines import streams_on_cpu as streams

XP = stand_in.module()
X, WIDE = XP.zeros((3, 3), "float32"), XP.zeros((3, 3), "float64")
HOST = np.zeros((3, 3), "float32")
KERNEL = """extern "C" __global__ void add(float* x, float by) { x[0] += by; }"""


@pytest.fixture
def capturing():
    """A stream in use that captures."""
    with XP.cuda.Stream(non_blocking=True) as stream:
        stream.begin_capture()
        yield stream
        if stream.is_capturing():
            try:
                stream.end_capture()
            except streams.CUDARuntimeError:
                assert not stream.is_capturing()


def test_work_is_noted_and_done_by_each_launch():
    x, copied, number = XP.zeros(1, "float32"), XP.zeros(1, "float32"), np.array([2], "float32")
    add = XP.RawModule(code=KERNEL, options=("--std=c++17",)).get_function("add")
    with XP.cuda.Stream(non_blocking=True) as stream:
        stream.begin_capture()
        add((1,), (1,), (x, number))
        number.fill(0)  # a graph keeps the numbers of the time
        XP.add(x, x, out=x)
        XP.copyto(copied, x)
        graph = stream.end_capture()
    assert float(x[0]) == 0
    graph.upload()
    for wanted in (4, 12, 28):
        graph.launch()
        assert float(x[0]) == float(copied[0]) == wanted


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda: X + 1, id="a new result"),
        pytest.param(lambda: XP.add(X, np.float64(1), out=WIDE), id="a conversion"),
        pytest.param(X.sum, id="a sum"),
        pytest.param(lambda: XP.sum(X, axis=0, out=X[0]), id="a sum in parts"),
        pytest.param(lambda: XP.zeros(3), id="an array"),
        pytest.param(lambda: XP.asarray(HOST), id="an array from the host"),
        pytest.param(X.copy, id="a copy"),
        pytest.param(lambda: X.astype("float64"), id="a cast"),
    ],
)
def test_no_array_is_made(work, capturing):
    with pytest.raises(AssertionError, match="makes an array|a new array"):
        work()


@pytest.mark.parametrize(
    "work", [lambda: XP.matmul(X, X, out=X), lambda: XP.dot(X, X), lambda: XP.einsum("ij", X)]
)
def test_no_library_is_called(work, capturing):
    with pytest.raises(NotImplementedError, match="calling cuBLAS API during stream capture"):
        work()


@pytest.mark.parametrize(
    "work",
    [
        X.get,
        lambda: float(X[0, 0]),
        lambda: int(X[0, 0]),
        lambda: bool(X[0, 0]),
        lambda: X.__setitem__(..., HOST),
    ],
)
def test_nothing_travels_between_device_and_host(work, capturing):
    with pytest.raises(RuntimeError, match="the current stream is capturing"):
        work()


def test_arrays_of_the_host_are_no_operands():
    for work in (lambda: X + HOST, lambda: XP.add(X, HOST, out=X), lambda: XP.add(X, X, out=HOST)):
        with pytest.raises(TypeError, match="Unsupported type <class 'numpy.ndarray'>"):
            work()


def test_waiting_spoils_a_capture(capturing):
    with pytest.raises(streams.CUDARuntimeError, match="cudaErrorStreamCaptureUnsupported"):
        capturing.synchronize()
    with pytest.raises(streams.CUDARuntimeError, match="cudaErrorStreamCaptureInvalidated"):
        capturing.end_capture()
    assert not capturing.is_capturing()
    capturing.synchronize()


def test_asking_whether_work_is_done_spoils_a_capture(capturing):
    _ = capturing.done
    with pytest.raises(streams.CUDARuntimeError, match="cudaErrorStreamCaptureInvalidated"):
        capturing.end_capture()


def test_the_legacy_stream_cannot_capture():
    with pytest.raises(RuntimeError, match="cannot capture on the default"):
        XP.cuda.Stream.null.begin_capture()


def test_the_legacy_stream_cannot_be_used_beside_a_blocking_one_that_captures():
    with XP.cuda.Stream() as stream:
        stream.begin_capture()
        with pytest.raises(streams.CUDARuntimeError, match="cudaErrorStreamCaptureImplicit"):
            XP.cuda.Stream.null.synchronize()
        stream.end_capture()
    XP.cuda.Stream.null.synchronize()


def test_an_event_of_a_capture_cannot_be_waited_for(capturing):
    event = capturing.record()
    with pytest.raises(streams.CUDARuntimeError, match="cudaErrorCapturedEvent"):
        event.synchronize()


def test_graphs_come_from_captures_alone():
    with pytest.raises(NotImplementedError):
        XP.cuda.Graph()


def test_what_is_brought_to_the_host_is_there_for_who_has_waited():
    x, room = XP.zeros(2, "float32"), np.full(2, -1, "float32")
    x.get(out=room, blocking=False)
    event = XP.cuda.Event()
    event.record()
    x.fill(7)
    assert (room == -1).all()
    event.synchronize()
    assert (room == 0).all()
    x.get(out=room, blocking=False)
    event.synchronize()  # which knows nothing of the second copy
    assert (room == 0).all()
    XP.cuda.get_current_stream().synchronize()
    assert (room == 7).all()

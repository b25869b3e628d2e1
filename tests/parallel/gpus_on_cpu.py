"""Several GPUs on the CPU: a stand-in for CuPy with devices, each with memory and streams.

What a GPU is given to do waits in its stream until somebody waits for it, and NCCL's work
either does so too or is done as early as events let it (see ``late_streams``): who forgets to
wait gets wrong numbers in one of the two ways. Arrays are worked on while their GPU is the
current one of the thread, or CUDA would fail.
"""

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.engines import kernels_on_cpu, late_streams, stand_in
from tests.engines import streams_on_cpu as streams
from tests.engines.late_streams import LateEvent, LateStream
from tests.engines.streams_on_cpu import Stream, Work

_ORDINARY = stand_in.DeviceArray


class GpuStream(LateStream):
    """A stream of one GPU."""

    def __init__(self, machine: "Machine", is_eager: bool, is_null: bool = False) -> None:
        super().__init__(is_eager)
        self.machine, self.device_id = machine, machine.current
        if is_null:
            self.ptr = 0

    def submit(self, work: Work) -> None:
        if self.is_capturing():
            Stream.submit(self, work)
        else:
            super().submit(np.errstate(all="ignore")(work))  # a GPU does not warn

    def wait_event(self, event: Any) -> None:
        self._check_current()
        super().wait_event(event)

    def _check_current(self) -> None:
        """The null stream is that of the current GPU, whoever's it was."""
        if self.ptr == 0:
            assert self.device_id == self.machine.current, "the null stream of another GPU"


class GpuEvent(LateEvent):
    """An event of the GPU on which it was made."""

    def __init__(self, machine: "Machine", **options: bool) -> None:
        super().__init__(**options)
        self.device_id = machine.current

    def record(self, stream: Any = None) -> None:
        stream = stream or streams.current()
        stream._check_current()
        if stream.device_id != self.device_id:
            raise streams.CUDARuntimeError("cudaErrorInvalidResourceHandle", "of another GPU")
        super().record(stream)


class _CurrentStreams:
    """The streams in use of the current thread on its current GPU, the last one on top."""

    def __init__(self, machine: "Machine") -> None:
        self._machine, self._of_thread = machine, threading.local()

    def _stack(self) -> list[Stream]:
        stacks = self._of_thread.__dict__.setdefault("stacks", {})
        number = self._machine.current
        return stacks.setdefault(number, [self._machine.null_streams[number]])

    def __getitem__(self, index: int) -> Stream:
        return self._stack()[index]

    def __setitem__(self, index: int, stream: Stream) -> None:
        self._stack()[index] = stream

    def append(self, stream: Stream) -> None:
        self._stack().append(stream)

    def pop(self) -> Stream:
        return self._stack().pop()


class Machine:
    """So many GPUs, and what stands for ``cupy`` on them."""

    def __init__(self, count: int, names: list[str] | None, exchanges_early: bool) -> None:
        self.names = names or ["Test GPU"] * count
        self._of_thread = threading.local()
        self._ranges: dict[int, tuple[int, int]] = {}
        self.null_streams = []
        for number in range(count):
            self.current = number
            self.null_streams.append(GpuStream(self, is_eager=False, is_null=True))
        self.current = 0
        self.streams: dict[int, GpuStream] = {}
        self._exchanges_early = exchanges_early
        self.xp = self._module()

    @property
    def current(self) -> int:
        """The number of the GPU that this thread works on."""
        return self._of_thread.__dict__.get("number", 0)

    @current.setter
    def current(self, number: int) -> None:
        self._of_thread.number = number

    def _module(self) -> ModuleType:
        xp = stand_in.module()
        xp.__name__, xp.linalg = "cupy", np.linalg
        for name in ("zeros", "empty", "full", "arange", "asarray"):
            setattr(xp, name, self._placing(getattr(xp, name)))
        xp.cuda = SimpleNamespace(**vars(xp.cuda))
        xp.cuda.Device = lambda number=None: _Device(self, number)
        xp.cuda.Stream = self._stream
        xp.cuda.Event = lambda **options: GpuEvent(self, **options)
        xp.cuda.runtime = SimpleNamespace(
            CUDARuntimeError=streams.CUDARuntimeError,
            getDeviceCount=lambda: len(self.names),
            getDeviceProperties=lambda number: {"name": self.names[number].encode()},
        )
        return xp

    def _stream(self, non_blocking: bool = False) -> GpuStream:
        assert non_blocking, "a stream that waits for the null stream is not tried here"
        stream = GpuStream(self, is_eager=self._exchanges_early)
        self.streams[stream.ptr] = stream
        return stream

    def _placing(self, make: Callable[..., Any]) -> Callable[..., Any]:
        """Let new arrays lie on the current GPU."""

        def made(*given: Any, **named: Any) -> Any:
            _flush()
            array = make(*given, **named)
            self.place(array)
            return array

        return made

    def place(self, array: Any) -> None:
        """Note on which GPU the memory of an array lies, for as long as it does."""
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        start = owner.__array_interface__["data"][0]
        self._ranges[start] = (start + max(owner.nbytes, 1), self.current)
        weakref.finalize(owner, self._ranges.pop, start, None)

    def number_of(self, start: int, stop: int) -> int | None:
        """Return the GPU on which some memory lies; None for what was made on the way."""
        for first, (end, number) in list(self._ranges.items()):
            if first <= start and stop <= end:
                return number
        return None

    def check(self, *arrays: Any) -> None:
        """Fail where CUDA would: memory of another GPU than the one that works."""
        for array in arrays:
            if isinstance(array, _ORDINARY) and array.size:
                start = array.__array_interface__["data"][0]
                number = self.number_of(start, start + 1)
                assert number in (None, self.current), (
                    f"memory of GPU {number} while GPU {self.current} is current"
                )


class _Device(stand_in.OneDevice):
    """``cupy.cuda.Device``."""

    def __init__(self, machine: Machine, number: int | None) -> None:
        self._machine = machine
        self.id = machine.current if number is None else number
        self._before: list[int] = []

    def use(self) -> None:
        self._machine.current = self.id

    def __enter__(self) -> "_Device":
        self._before.append(self._machine.current)
        self.use()
        return self

    def __exit__(self, *_: object) -> None:
        self._machine.current = self._before.pop()


def _flush() -> None:
    """Do what waits in the current stream: what comes next runs at once in the stand-in."""
    stream = streams.current()
    if not stream.is_capturing():
        stream.synchronize()


def _all_in_order(machine: Machine, patch: pytest.MonkeyPatch) -> None:
    """Let what arrays do check their GPU, and what makes new ones wait for the stream."""
    own = _ORDINARY

    def get(array: Any, stream: Any = None, order: str = "C", out: Any = None, blocking=True):
        machine.check(array)
        streams.refuse_while_capturing("a copy to the host")
        found = np.empty(array.shape, array.dtype) if out is None else out
        plain = array.view(np.ndarray)
        streams.submit(lambda: np.copyto(found, plain))
        if blocking:
            streams.current().synchronize()
        return found

    def waiting(method: Callable[..., Any]) -> Callable[..., Any]:
        def run(array: Any, *given: Any, **named: Any) -> Any:
            machine.check(array)
            _flush()
            return method(array, *given, **named)

        return run

    def ufunc(array: Any, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
        machine.check(*inputs, *(options.get("out") or ()))
        if options.get("out") is None:
            _flush()
        return whole_ufunc(array, function, method, *inputs, **options)

    def function(array: Any, called: Any, types: Any, given: Any, named: Any) -> Any:
        machine.check(*given, *named.values())
        if called is not np.copyto:
            _flush()
        return whole_function(array, called, types, given, named)

    def setitem(array: Any, key: Any, value: Any) -> None:
        machine.check(array, value)
        if isinstance(value, np.ndarray) and not isinstance(value, own):
            value = value.copy()  # from memory that is not pinned CUDA copies at once
        plain, given = array.view(np.ndarray), np.asarray(value)
        streams.submit(lambda: plain.__setitem__(key, given))

    def call(kernel: Any, grid: Any, block: Any, arguments: Any) -> None:
        machine.check(*arguments)
        values = [kernels_on_cpu._bytes(a).copy() for a in arguments]
        streams.submit(partial(_run, kernel, grid, block, values, tuple(arguments)))

    def launch(graph: Any, stream: Any = None) -> None:
        stream = stream or streams.current()
        assert not stream.is_capturing()
        graph.launches += 1
        noted = list(graph.noted)
        stream.submit(lambda: [work() for work in noted] and None)

    def fill(array: Any, value: Any) -> None:
        machine.check(array)
        whole_fill(array, value)

    whole_fill = own.fill
    patch.setattr(own, "fill", fill)
    whole_ufunc, whole_function = own.__array_ufunc__, own.__array_function__
    patch.setattr(own, "get", get)
    patch.setattr(own, "copy", waiting(own.copy))
    patch.setattr(own, "astype", waiting(own.astype))
    patch.setattr(own, "__array_ufunc__", ufunc)
    patch.setattr(own, "__array_function__", function)
    patch.setattr(own, "__setitem__", setitem)
    patch.setattr(kernels_on_cpu.Kernel, "__call__", call)
    patch.setattr(streams.Graph, "launch", launch)


def _run(kernel: Any, grid: Any, block: Any, values: Any, kept: Any) -> None:
    """Run a kernel on arrays that nobody else may hold any more."""
    kernel._run(grid, block, values)


@contextmanager
def gpus(
    count: int, names: list[str] | None = None, exchanges_early: bool = True
) -> Iterator[Machine]:
    """Let ``import cupy`` find a machine of so many GPUs while the block runs."""
    import sys

    from netdef import mode
    from tests.parallel.nccl_on_cpu import nccl

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late_streams, "_rows", [])
        machine = Machine(count, names, exchanges_early)
        patch.setattr(Stream, "_current", _CurrentStreams(machine))
        _all_in_order(machine, patch)
        machine.nccl = nccl(machine)
        patch.setitem(sys.modules, "cupy", machine.xp)
        patch.setitem(sys.modules, "cupy.cuda.nccl", machine.nccl)
        patch.setattr(mode, "_chosen", mode._Choices())
        yield machine


def two_gpus() -> tuple[Any, Any]:
    """Return two real GPUs; where there are fewer the test is skipped."""
    cupy = pytest.importorskip("cupy", reason="needs two GPUs, and CuPy")
    if not cupy.cuda.is_available() or cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("needs two GPUs")
    from netdef.devices import gpus as devices

    return devices([0, 1])

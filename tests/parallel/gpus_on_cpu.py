"""Several GPUs on the CPU: a stand-in for CuPy with devices, each with memory and streams.

What a GPU is given to do waits in its stream until somebody waits for it, and NCCL's work
either does so too or is done as early as events let it (see ``late_streams``): who forgets to
wait gets wrong numbers in one of the two ways. Arrays are worked on while their GPU is the
current one of the thread, or CUDA would fail.
"""

import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from netdef import mode
from netdef.devices import gpus as devices
from tests.engines import late_streams, stand_in
from tests.engines import streams_on_cpu as streams
from tests.engines.streams_on_cpu import Stream
from tests.parallel.gpu_streams import CurrentStreams, GpuEvent, GpuStream
from tests.parallel.nccl_on_cpu import nccl
from tests.parallel.waiting_arrays import flush, let_arrays_wait


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
            flush()
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
            if isinstance(array, stand_in.DeviceArray) and array.size:
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


@contextmanager
def gpus(
    count: int, names: list[str] | None = None, exchanges_early: bool = True
) -> Iterator[Machine]:
    """Let ``import cupy`` find a machine of so many GPUs while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late_streams, "_rows", [])
        machine = Machine(count, names, exchanges_early)
        patch.setattr(Stream, "_current", CurrentStreams(machine))
        let_arrays_wait(machine, patch)
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
    return devices([0, 1])

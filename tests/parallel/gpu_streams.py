"""Streams and events of several GPUs: each belongs to one, and work waits in them."""

import threading
from typing import Any

import numpy as np

from tests.engines import streams_on_cpu as streams
from tests.engines.late_streams import LateEvent, LateStream
from tests.engines.streams_on_cpu import Stream, Work


class GpuStream(LateStream):
    """A stream of one GPU."""

    def __init__(self, machine: Any, is_eager: bool, is_null: bool = False) -> None:
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

    def __init__(self, machine: Any, **options: bool) -> None:
        super().__init__(**options)
        self.device_id = machine.current

    def record(self, stream: Any = None) -> None:
        stream = stream or streams.current()
        stream._check_current()
        if stream.device_id != self.device_id:
            raise streams.CUDARuntimeError("cudaErrorInvalidResourceHandle", "of another GPU")
        super().record(stream)


class CurrentStreams:
    """The streams in use of the current thread on its current GPU, the last one on top."""

    def __init__(self, machine: Any) -> None:
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

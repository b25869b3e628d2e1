"""CUDA's streams and graphs on the CPU: what stands for ``cupy.cuda.Stream`` and ``Graph``.

Work runs at once, but what it brings to the host is there only for who has waited; and on a
stream that captures it is only noted down, with the addresses and numbers it was given, and runs
when the graph is launched. What CuPy or CUDA refuse meanwhile is refused here. Refused is also
what CuPy would take but a replay could not use: memory that is made while capturing, which is
free again when the graph runs.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

Work = Callable[[], Any]
_pointers = count(1 << 20)


class CUDARuntimeError(RuntimeError):
    """An error of CUDA, in its words."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")


def _error(name: str) -> CUDARuntimeError:
    return CUDARuntimeError(f"cudaError{name}", "refused by the stand-in for CUDA")


class Stream:
    """A row of work. ``null`` is the legacy stream, which cannot capture."""

    null: "Stream"
    _current: list["Stream"]

    def __init__(self, null: bool = False, non_blocking: bool = False, ptds: bool = False) -> None:
        self.ptr = 0 if null else next(_pointers)
        self.is_non_blocking = non_blocking
        self._noted: list[Work] | None = None
        self._is_spoilt = False

    def __enter__(self) -> "Stream":
        Stream._current.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert Stream._current.pop() is self

    def use(self) -> "Stream":
        Stream._current[-1] = self
        return self

    def is_capturing(self) -> bool:
        if self.ptr == 0 and _blocking_capture():
            raise _error("StreamCaptureImplicit")
        return self._noted is not None

    def begin_capture(self, mode: int | None = None) -> None:
        if self.ptr == 0:
            raise RuntimeError("cannot capture on the default (legacy) stream")
        if self._noted is not None:
            raise _error("IllegalState")
        self._noted, self._is_spoilt = [], False
        _capturing.append(self)

    def end_capture(self) -> "Graph":
        if self._noted is None:
            raise _error("IllegalState")
        noted, self._noted = self._noted, None
        _capturing.remove(self)
        if self._is_spoilt:
            raise _error("StreamCaptureInvalidated")
        return Graph._of(noted)

    def submit(self, work: Work) -> None:
        """Do work: now, or when the graph is launched that it is captured for."""
        if self.is_capturing():
            assert self._noted is not None
            self._noted.append(work)
        else:
            work()

    def synchronize(self) -> None:
        if self.ptr == 0 and _blocking_capture():
            raise _error("StreamCaptureImplicit")
        if self._noted is not None:
            self._is_spoilt = True
            raise _error("StreamCaptureUnsupported")
        _raise_what_failed()
        _hand_over(len(_on_the_way))

    @property
    def done(self) -> bool:
        if self._noted is not None:
            self._is_spoilt = True
            return False
        return True

    def record(self, event: "Event | None" = None) -> "Event":
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: "Event") -> None:
        """Go on when the event is there: it is, since work runs at once."""
        if (self._noted is None) is not (event.captured_by is None):
            raise _error("StreamCaptureIsolation")


class Event:
    """A mark in a stream."""

    def __init__(
        self, block: bool = False, disable_timing: bool = False, interprocess: bool = False
    ) -> None:
        self.ptr = next(_pointers)
        self.captured_by: Stream | None = None
        self._brought = 0

    def record(self, stream: Stream | None = None) -> None:
        stream = stream or current()
        self.captured_by = stream if stream.is_capturing() else None
        self._brought = len(_on_the_way) + _handed_over[0]

    @property
    def done(self) -> bool:
        return True

    def synchronize(self) -> None:
        if self.captured_by is not None:
            self.captured_by._is_spoilt = True
            raise _error("CapturedEvent")
        _raise_what_failed()
        _hand_over(self._brought - _handed_over[0])


class Graph:
    """Work that was noted down; only a stream's ``end_capture`` makes one."""

    def __init__(self, *_: object) -> None:
        raise NotImplementedError("graphs come from stream capture")

    @staticmethod
    def _of(noted: list[Work]) -> "Graph":
        graph = Graph.__new__(Graph)
        graph.noted, graph.launches, graph.is_uploaded = noted, 0, False
        return graph

    def upload(self, stream: Stream | None = None) -> None:
        assert not (stream or current()).is_capturing()
        self.is_uploaded = True

    def launch(self, stream: Stream | None = None) -> None:
        assert not (stream or current()).is_capturing(), "graphs in graphs are not tried here"
        self.launches += 1
        for work in self.noted:
            work()


_capturing: list[Stream] = []
_on_the_way: list[Work] = []
_handed_over = [0]
_failed: list[CUDARuntimeError] = []


def _blocking_capture() -> bool:
    return any(not s.is_non_blocking for s in _capturing)


def current(device_id: int = -1) -> Stream:
    """Return the stream in use, as ``cupy.cuda.get_current_stream``."""
    return Stream._current[-1]


def submit(work: Work) -> None:
    """Do work of the device's on the current stream."""
    current().submit(work)


def bring(work: Work) -> None:
    """Do what makes numbers of now visible on the host when somebody has waited for them."""
    _on_the_way.append(work)


def _hand_over(number: int) -> None:
    for _ in range(number):
        _on_the_way.pop(0)()
        _handed_over[0] += 1


def refuse_while_capturing(what: str) -> None:
    """Fail as CuPy does where it must wait for the device."""
    if current().is_capturing():
        raise RuntimeError(f"the current stream is capturing, so {what} is not permitted")


def refuse_library_while_capturing(library: str) -> None:
    """Fail as CuPy does where it would call a library of CUDA's."""
    if current().is_capturing():
        message = f"calling {library} API during stream capture is currently unsupported"
        raise NotImplementedError(message)


def fail_later(error: CUDARuntimeError) -> None:
    """Let the device fail: whoever waits for it next hears of it, and everybody after."""
    _failed.append(error)


def recover() -> None:
    """Forget what failed, which CUDA does only for a new process."""
    _failed.clear()


def _raise_what_failed() -> None:
    if _failed:
        raise _failed[0]


Stream.null = Stream(null=True)
Stream._current = [Stream.null]

"""Streams whose work waits: to see what runs too early where somebody forgot to wait for it.

CUDA promises no more than the order of a stream's work and what events add to it. Of all the
ways in which that lets streams go on side by side, these choose the worst: a late stream does
nothing that nobody waits for, an eager one all that it may as soon as it may.
"""

from collections import deque
from collections.abc import Callable
from threading import RLock
from types import SimpleNamespace
from typing import Any

from netdef.device import Device
from tests.engines import stand_in
from tests.engines.streams_on_cpu import Event, Stream, Work

_lock = RLock()
_rows: list["LateStream"] = []


class LateStream(Stream):
    """A row of work that waits until somebody waits for it; an eager one does not."""

    def __init__(self, is_eager: bool = False) -> None:
        super().__init__(non_blocking=True)
        self._is_eager, self._row = is_eager, deque[Any]()
        _rows.append(self)

    def submit(self, work: Work) -> None:
        self._append(work)

    def wait_event(self, event: Event) -> None:
        self._append(event.mark())  # what is recorded later does not count

    def synchronize(self) -> None:
        with _lock:
            self._go_on(lambda: not self._row)
        super().synchronize()

    def _append(self, work: Any) -> None:
        with _lock:
            self._row.append(work)
            _let_eager_go_on()

    def _go_on(self, is_enough: Callable[[], bool]) -> None:
        """Work, and let those work that must be waited for."""
        while not is_enough():
            if self._may_go_on():
                self._do_first()
            else:
                self._row[0].reach()

    def _do_first(self) -> None:
        work = self._row.popleft()
        if isinstance(work, _Mark):
            work.is_reached = work.is_reached or work.stream is self
        else:
            work()
        _let_eager_go_on()

    def _may_go_on(self) -> bool:
        work = self._row[0] if self._row else None
        blocks = isinstance(work, _Mark) and work.stream is not self and not work.is_reached
        return bool(self._row) and not blocks


def _let_eager_go_on() -> None:
    for stream in _rows:
        while stream._is_eager and stream._may_go_on():
            stream._do_first()


class _Mark:
    """A place in a stream; that of an event that was never recorded is reached already."""

    def __init__(self, stream: LateStream | None) -> None:
        self.stream, self.is_reached = stream, stream is None

    def reach(self) -> None:
        with _lock:
            if self.stream is not None and not self.is_reached:
                self.stream._go_on(lambda: self.is_reached)


class LateEvent(Event):
    """A mark in a late stream."""

    def __init__(
        self, block: bool = False, disable_timing: bool = False, interprocess: bool = False
    ) -> None:
        super().__init__(block, disable_timing, interprocess)
        self._mark = _Mark(None)

    def mark(self) -> _Mark:
        return self._mark

    def record(self, stream: Stream | None = None) -> None:
        super().record(stream)
        stream = stream or Stream._current[-1]
        self._mark = _Mark(stream)
        stream._append(self._mark)

    def synchronize(self) -> None:
        self._mark.reach()
        super().synchronize()


def device(copies_are_eager: bool) -> Device:
    """Return a stand-in for a GPU that copies in a late or in an eager stream."""
    _rows.clear()
    module = stand_in.module()
    module.cuda = SimpleNamespace(**vars(module.cuda))
    module.cuda.Event = LateEvent
    module.cuda.Stream = lambda non_blocking: LateStream(copies_are_eager)
    return Device("late stand-in", module, 0)

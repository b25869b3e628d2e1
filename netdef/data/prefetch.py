"""Batches made ahead by background threads, handed out in order."""

import atexit
from collections.abc import Callable
from threading import Condition, Lock, Thread
from typing import Generic, NamedTuple, TypeVar

import numpy as np

Batch = tuple[np.ndarray, ...]
Raw = TypeVar("Raw")


class Made(NamedTuple):
    """A batch, and the buffer that it is in if it has the usual shapes."""

    buffer: Batch
    batch: Batch


class _Line(Generic[Raw]):
    """The batches between the threads and the consumer, from one start to one stop."""

    def __init__(self, buffers: list[Batch]) -> None:
        self.changed = Condition()
        self.reading = Lock()
        self.free = list(buffers)
        self.made: dict[int, Made | BaseException] = {}
        self.begun = 0
        self.is_open = True

    def work(self, read: Callable[[], Raw], fill: Callable[[Raw, Batch], Batch]) -> None:
        """Make batches until the line closes: read one at a time, fill side by side."""
        while True:
            # Not under ``changed``: a slow disk must not hold up batches that are made.
            with self.reading:
                with self.changed:
                    self.changed.wait_for(lambda: self.free or not self.is_open)
                    if not self.is_open:
                        return
                    buffer, number = self.free.pop(), self.begun
                    self.begun += 1
                try:
                    raw = read()
                except BaseException as error:  # it is the consumer's, whatever it is
                    self._hand_out(number, error)
                    return
            try:
                batch = fill(raw, buffer)
            except BaseException as error:
                self._hand_out(number, error)
            else:
                self._hand_out(number, Made(buffer, batch))

    def _hand_out(self, number: int, result: Made | BaseException) -> None:
        with self.changed:
            self.made[number] = result
            self.changed.notify_all()


class Prefetcher(Generic[Raw]):
    """Makes up to ``depth`` batches ahead of the one that is in use.

    ``read`` is called by one thread at a time, in order; ``fill`` turns what it returned
    into a batch, in several ``threads`` at once: in the buffer it is given, or a new one of
    other shapes. Threads begin with the first ``next``;
    with ``depth`` 0 there are none, and each batch is made when it is asked for.
    """

    def __init__(
        self,
        read: Callable[[], Raw],
        fill: Callable[[Raw, Batch], Batch],
        new_batch: Callable[[], Batch],
        depth: int,
        threads: int = 1,
    ) -> None:
        self._read, self._fill, self._depth = read, fill, depth
        self._new_batch = new_batch
        self._thread_count = max(1, min(threads, depth))
        self._buffers: list[Batch] = []
        self._line: _Line[Raw] | None = None
        self._threads: list[Thread] = []
        self._held: Batch | None = None
        self._next = 0

    def next(self) -> Batch:
        """Return the next batch; its arrays are filled anew after the following call.

        Raises:
            whatever ``read`` or ``fill`` raised for this batch; everything read ahead is
            dropped then, as by ``stop``.
        """
        if not self._buffers:
            self._buffers = [self._new_batch() for _ in range(self._depth + 1)]
        if not self._depth:
            return self._fill(self._read(), self._buffers[0])
        made = self._take(self._line or self._start())
        if isinstance(made, BaseException):
            self.stop()
            raise made
        self._held = made.buffer
        return made.batch

    def _take(self, line: _Line[Raw]) -> Made | BaseException:
        with line.changed:
            if self._held is not None:
                line.free.append(self._held)
                line.changed.notify_all()
            line.changed.wait_for(lambda: self._next in line.made)
            self._next += 1
            return line.made.pop(self._next - 1)

    def _start(self) -> _Line[Raw]:
        line = self._line = _Line(self._buffers)
        self._threads = [
            Thread(target=line.work, args=(self._read, self._fill), name="prefetch", daemon=True)
            for _ in range(self._thread_count)
        ]
        for thread in self._threads:
            thread.start()
        # Daemon threads must not touch a database that the exiting process has closed.
        atexit.register(self.stop)
        return line

    def stop(self) -> None:
        """End the threads and drop what was read ahead; ``next`` starts them again."""
        if self._line is None:
            return
        with self._line.changed:
            self._line.is_open = False
            self._line.changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._line, self._held, self._next = None, None, 0
        atexit.unregister(self.stop)

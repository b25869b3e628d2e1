"""Threads that share the work of one call.

NumPy lets go of Python's lock while it computes, so that parts of a call run at once.
Besides the matrix products this divides the copies and the elementwise passes, which
NumPy does in one thread; and waiting threads sleep, where those of OpenBLAS spin, which
costs tens of times the work itself as soon as the machine is busy with something else.
"""

import os
import threading
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from queue import SimpleQueue

from netdef.engines import blas

Run = Callable[[], object]


class Threads:
    """``count`` threads, of which the caller's is one; the others start when first used."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._lock = threading.Lock()
        self._workers: list[_Worker] = []

    def together(self, runs: Sequence[Run]) -> Run:
        """Return what runs all of ``runs`` (no more than ``count``) at once, and waits for them.

        An error of one of them is raised when all have ended.
        """
        first, *others = runs
        if not others:
            return first

        def share() -> list[Exception | None]:
            workers = self._started()
            for worker, other in zip(workers, others, strict=False):
                worker.begin(other)
            return [_error_of(first), *(w.end() for w in workers[: len(others)])]

        held = blas.one_thread(share)

        def run() -> None:
            with self._lock:
                errors = held()
            for error in errors:
                if error is not None:
                    raise error

        return run

    def _started(self) -> "list[_Worker]":
        while len(self._workers) < self.count - 1:
            self._workers.append(_Worker())
        return self._workers

    def forget(self) -> None:
        """Leave the workers behind: a forked child has none of its parent's threads."""
        self._lock, self._workers = threading.Lock(), []


class _Worker:
    def __init__(self) -> None:
        self._jobs: SimpleQueue[Run] = SimpleQueue()
        self._ends: SimpleQueue[Exception | None] = SimpleQueue()
        threading.Thread(target=self._work, name="netdef engine", daemon=True).start()

    def _work(self) -> None:
        while True:
            self._ends.put(_error_of(self._jobs.get()))

    def begin(self, run: Run) -> None:
        self._jobs.put(run)

    def end(self) -> Exception | None:
        return self._ends.get()


def _error_of(run: Run) -> Exception | None:
    try:
        run()
    except Exception as error:
        return error
    return None


def parts(length: int, count: int) -> list[slice]:
    """Cut a length into up to ``count`` stretches, as equal as can be; the first is longest."""
    count = max(1, min(count, length))
    edges = [-(-length * i // count) for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


@cache
def of_this_machine() -> Threads:
    """Return the threads that all engines share: one for each core, or ``OMP_NUM_THREADS``.

    One alone if the threads of NumPy's matrix products cannot be held back: they would
    crowd each other out.
    """
    cores = len(os.sched_getaffinity(0))
    asked = os.environ.get("OMP_NUM_THREADS", "")
    count = int(asked) if asked.isdigit() and int(asked) else cores
    threads = Threads(count if blas.can_be_held() else 1)
    os.register_at_fork(after_in_child=threads.forget)
    return threads


def use(count: int) -> None:
    """Share the work of each call among so many threads from now on.

    It is to be called before the first net is planned: engines read it once.
    """
    os.environ["OMP_NUM_THREADS"] = str(count)
    of_this_machine.cache_clear()


ALONE = Threads(1)
"""The caller's thread."""

"""A process that holds one contender and runs it when told to."""

import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from contenders import Burst, Contender

from netdef.errors import RunError

Make = Callable[..., Contender]
Times = dict[str, list[float]]
"""Milliseconds of each run, by the name of the pass."""


class Lane:
    """One contender in a process of its own, started with its own environment.

    Raises:
        RunError: the process ended, with its own message on stderr.
    """

    def __init__(self, make: Make, arguments: tuple[Any, ...], env: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
        with _environment(env):
            self._process.start()
        theirs.close()

    def answer(self) -> Any:
        """Run forward once; return what it computes, which all contenders must agree on."""
        return self._ask("answer", 1)

    def about(self) -> dict[str, Any]:
        """Return what the contender says of itself."""
        return dict(self._ask("about", 1))

    def run(self, iterations: int) -> Times:
        """Time so many runs of each pass, one pass after the other."""
        return dict(self._ask("run", iterations))

    def peak_megabytes(self) -> float:
        """Return the most memory that was held, in MB of 10^6 bytes.

        That of the process, or of its GPU where the contender says what it holds there.
        """
        return float(self._ask("peak", 1))

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join()

    def _ask(self, what: str, iterations: int) -> Any:
        try:
            self._pipe.send((what, iterations))
            return self._pipe.recv()
        except (EOFError, ConnectionError) as error:
            raise RunError("a contender's process ended; its message is above") from error


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    """Change the environment that a process starts with: allocators read it only then."""
    before = dict(os.environ)
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _serve(pipe: Connection, make: Make, arguments: tuple[Any, ...]) -> None:
    contender = make(*arguments)

    def run(count: int) -> Times:
        return {name: _milliseconds(one, count) for name, one in contender.passes.items()}

    answers: dict[str, Callable[[int], Any]] = {
        "answer": lambda _: contender.answer(),
        "about": lambda _: contender.about(),
        "run": run,
        "peak": lambda _: getattr(contender, "device_megabytes", _process_megabytes)(),
    }
    while True:
        try:
            what, count = pipe.recv()
        except EOFError:
            return
        pipe.send(answers[what](count))


def _process_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _milliseconds(one: Callable[[], object], count: int) -> list[float]:
    """Time at least so many runs of a pass; those of a burst count as equally long."""
    times = one.times if isinstance(one, Burst) else 1
    return [_clocked(one) / times for _ in range(-(-count // times))]


def _clocked(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3

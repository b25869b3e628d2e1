"""A process that holds one contender and runs it when told to."""

import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from contenders import Contender

from netdef.errors import RunError

Make = Callable[..., Contender]


@dataclass(frozen=True)
class Round:
    """How long each run of a round took, in milliseconds."""

    forward: list[float]
    train: list[float]


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

    def loss(self) -> float:
        """Run forward once; return the loss."""
        return float(self._ask("loss", 1))

    def run(self, iterations: int) -> Round:
        """Time so many forward passes, then so many whole training steps."""
        return Round(self._ask("forward", iterations), self._ask("train", iterations))

    def peak_megabytes(self) -> float:
        """Return the most memory that the process has had, in MB."""
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
    answers: dict[str, Callable[[int], Any]] = {
        "loss": lambda _: contender.forward(),
        "forward": lambda count: [_milliseconds(contender.forward) for _ in range(count)],
        "train": lambda count: [_milliseconds(contender.train) for _ in range(count)],
        "peak": lambda _: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    while True:
        try:
            what, count = pipe.recv()
        except EOFError:
            return
        pipe.send(answers[what](count))


def _milliseconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3

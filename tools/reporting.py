"""What a run of a solver says on stderr, and which signals it hears."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from netdef.solvers import Solver
from netdef.solvers.log_reporter import LogReporter
from netdef.solvers.progress import Progress
from netdef.solvers.reporter import Reporter


class Interruptible(Reporter):
    """Mixed in before another reporter: signals take effect when an iteration is done.

    SIGHUP writes a snapshot, SIGINT writes one and stops the run. A second SIGINT stops at
    once.
    """

    _asked: int | None = None
    _solver: Solver | None = None
    _written = ""

    @contextmanager
    def hearing_signals(self, solver: Solver) -> Iterator[None]:
        """Hear signals for ``solver`` while the block runs."""
        self._solver = solver
        before = {s: signal.signal(s, self._hear) for s in (signal.SIGINT, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._asked = number
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)

    def snapshotting(self, path: str) -> None:
        super().snapshotting(path)
        self._written = path

    def trained(self, iteration: int, loss: float) -> None:
        super().trained(iteration, loss)
        asked, self._asked = self._asked, None
        if asked is None or self._solver is None:
            return
        self._solver.snapshot()
        if asked == signal.SIGINT:
            if sys.stderr.isatty():
                click.echo(err=True)
            click.echo(f"stopped; go on with --snapshot {self._written}", err=True)
            raise click.Abort


class _Log(Interruptible, LogReporter):
    pass


class _Terminal(Interruptible, Progress):
    pass


def reporter() -> Interruptible:
    """Return one that draws on a terminal, and writes Caffe's log lines elsewhere."""
    return _Terminal(sys.stderr) if sys.stderr.isatty() else _Log(sys.stderr)

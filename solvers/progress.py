"""The progress of a run as one line of a terminal, rewritten in place."""

import shutil
import time
from collections.abc import Callable
from typing import TextIO

from netdef.solvers.reporter import Displayed, Reporter, Scores, Started

_BAR = 24
_SECONDS_BETWEEN_LINES = 0.1
_CLEAR = "\r\x1b[K"


class Progress(Reporter):
    """Shows a bar, the iteration, the loss, images a second and the time left.

    Results of tests and snapshots become lines of their own above it. For a terminal only:
    into a file or a pipe ``LogReporter`` writes lines that can be read.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._run = Started("", "", 0, 0, 0)
        self._began = self._drawn = 0.0
        self._line = ""

    @property
    def must_hear_at_once(self) -> bool:
        return False

    def started(self, event: Started) -> None:
        self._run = event
        self._began = self._clock()
        self._drawn = float("-inf")

    def trained(self, iteration: int, loss: float) -> None:
        now = self._clock()
        is_last = iteration == self._run.max_iter
        if now - self._drawn < _SECONDS_BETWEEN_LINES and not is_last:
            return
        self._drawn = now
        pace = (iteration - self._run.iteration) / max(now - self._began, 1e-9)
        left = (self._run.max_iter - iteration) / pace
        share = min(iteration / max(self._run.max_iter, 1), 1)
        bar = "#" * round(share * _BAR)
        speed = f"{pace * self._run.batch:.0f} img/s" if self._run.batch else f"{pace:.3g} iter/s"
        epoch = self._run.epoch(iteration)
        passes = "" if epoch is None else f"  epoch {epoch:.2f}"
        self._line = (
            f"[{bar:-<{_BAR}}] {iteration}/{self._run.max_iter}{passes}  loss {loss:.4g}  {speed}"
            f"  {_duration(left)} left"
        )
        self._draw(self._line)

    def testing(self, iteration: int, net: int) -> None:
        self._draw(f"iteration {iteration}: testing net #{net} ...")

    def tested(self, event: Scores) -> None:
        values = [f"{o.name} = {o.value:.4g}" for o in event.outputs]
        if event.loss is not None:
            values.append(f"total loss = {event.loss:.4g}")
        self._say(f"iteration {event.iteration}: test net #{event.net}: {', '.join(values)}")

    def displayed(self, event: Displayed) -> None:
        if event.rate is None:
            self._say(f"iteration {event.iteration}: loss = {event.loss:.4g}")

    def snapshotting(self, path: str) -> None:
        self._say(f"writing {path}")

    def restored(self, path: str, iteration: int) -> None:
        self._say(f"going on from {path} at iteration {iteration}")

    def warned(self, message: str) -> None:
        self._say(f"warning: {message}")

    def noted(self, message: str) -> None:
        self._say(message)

    def settled(self, iteration: int, best_iter: int) -> None:
        self._say(f"iteration {iteration}: ends; nothing got better since {best_iter}")

    def stopped(self, iteration: int) -> None:
        self._line = ""
        self._say(f"stopped at iteration {iteration}")

    def finished(self) -> None:
        self._line = ""
        self._say(f"done in {_duration(self._clock() - self._began)}")

    def _say(self, line: str) -> None:
        """Write a line that stays, and the progress below it again."""
        self._stream.write(f"{_CLEAR}{line}\n")
        self._draw(self._line)

    def _draw(self, line: str) -> None:
        self._stream.write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"

"""The numbers of a run as JSON lines, for programs to read."""

import json
import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from netdef.solvers.line_file import LineFile
from netdef.solvers.reporter import Displayed, Output, Reporter, Scores, Started


class MetricsReporter(Reporter):
    """Writes one JSON object a line; ``event`` says what happened.

    ``start``, ``train`` (what ``display`` asks for), ``test``, ``snapshot``, ``restore``,
    ``warning``, ``settled`` (``patience`` ran out), ``stop`` and ``end``.
    ``seconds`` count from the start of the process's run. A number that is none, such as the
    loss of a run that diverged, becomes null. ``appends`` keeps what the file holds of a run
    that goes on; its new ``start`` says from where.

    Raises:
        RunError: the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        appends: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self._clock = LineFile(path, appends), clock
        self._began, self._iteration = clock(), 0
        self._run = Started("", "", 0, 0, 0)

    def started(self, event: Started) -> None:
        self._began, self._run, self._iteration = self._clock(), event, event.iteration
        epochs = {"epoch_records": event.records} if event.records else {}
        self._write(
            "start",
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            net=event.net,
            lr_policy=event.lr_policy,
            max_iter=event.max_iter,
            batch=event.batch,
            **epochs,
        )

    @property
    def must_hear_at_once(self) -> bool:
        return False

    def trained(self, iteration: int, loss: float) -> None:
        self._iteration = iteration

    def displayed(self, event: Displayed) -> None:
        self._iteration = event.iteration
        values: dict[str, Any] = {"loss": event.loss, "outputs": _by_name(event.outputs)}
        values |= self._epoch()
        if event.rate is not None:
            values["lr"] = event.rate
        if event.seconds and event.iterations:
            pace = event.iterations / event.seconds
            values["iterations_per_second"] = pace
            if self._run.batch:
                values["images_per_second"] = pace * self._run.batch
        self._write("train", **values)

    def tested(self, event: Scores) -> None:
        self._iteration = event.iteration
        loss = {} if event.loss is None else {"loss": event.loss}
        self._write("test", net=event.net, outputs=_by_name(event.outputs), **loss, **self._epoch())

    def snapshotting(self, path: str) -> None:
        self._write("snapshot", path=path)

    def restored(self, path: str, iteration: int) -> None:
        self._iteration = iteration
        self._write("restore", path=path)

    def warned(self, message: str) -> None:
        self._write("warning", message=message)

    def settled(self, iteration: int, best_iter: int) -> None:
        self._write("settled", best_iteration=best_iter)

    def stopped(self, iteration: int) -> None:
        self._write("stop")

    def finished(self) -> None:
        self._write("end")

    def _epoch(self) -> dict[str, float]:
        """Return how many passes over the data are done, if that is known."""
        epoch = self._run.epoch(self._iteration)
        return {} if epoch is None else {"epoch": epoch}

    def _write(self, event: str, **values: Any) -> None:
        seconds = round(self._clock() - self._began, 3)
        line = {"event": event, "iteration": self._iteration, "seconds": seconds, **values}
        self._file.write(json.dumps(_finite(line), allow_nan=False) + "\n")


def _by_name(outputs: Sequence[Output]) -> dict[str, float | list[float]]:
    """Return the outputs by name; of a blob with several numbers, their list."""
    found: dict[str, list[float]] = {}
    for output in outputs:
        found.setdefault(output.name, []).append(output.value)
    return {name: v[0] if len(v) == 1 else v for name, v in found.items()}


def _finite(value: Any) -> Any:
    """Put None in the place of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""A log in Caffe's words, for the programs that read Caffe's logs."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from netdef.solvers.reporter import Displayed, Output, Reporter, Scores, Started

_ORIGIN = "solver.cpp:1"
"""Readers of logs want a file and a line here; which, they do not ask."""


class Stream(Protocol):
    """What a log is written to: a text file that is open, or a ``LineFile``."""

    def write(self, text: str, /) -> object:
        """Write some lines."""

    def flush(self) -> object:
        """Hand them on to the system."""


class LogReporter(Reporter):
    """Writes the lines that Caffe writes, each behind the time and process as glog has them."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._run: Started | None = None

    def started(self, event: Started) -> None:
        self._write(f"Solving {event.net}")
        self._write(f"Learning Rate Policy: {event.lr_policy}")
        self._run = event
        if event.records:
            self._write(
                f"Epochs of {event.records} records, {event.batch} an iteration:"
                f" max_iter {event.max_iter} is epoch {event.epoch(event.max_iter):g}"
            )

    def displayed(self, event: Displayed) -> None:
        speed = ""
        if event.display:
            pace = event.iterations / event.seconds if event.seconds else 0
            speed = f" ({pace:g} iter/s, {event.seconds:g}s/{event.display} iters)"
        self._write(f"Iteration {event.iteration}{speed}, loss = {event.loss:g}")
        self._outputs("Train", event.outputs)
        if event.rate is not None:
            self._write(f"Iteration {event.iteration}, lr = {event.rate:g}")
            epoch = self._run.epoch(event.iteration) if self._run else None
            if epoch is not None:
                self._write(f"Iteration {event.iteration}, epoch = {epoch:g}")

    def testing(self, iteration: int, net: int) -> None:
        self._write(f"Iteration {iteration}, Testing net (#{net})")

    def tested(self, event: Scores) -> None:
        if event.loss is not None:
            self._write(f"Test loss: {event.loss:g}")
        self._outputs("Test", event.outputs)

    def snapshotting(self, path: str) -> None:
        what = "Snapshotting solver state" if ".solverstate" in path else "Snapshotting"
        form = "HDF5 file" if path.endswith(".h5") else "binary proto file"
        self._write(f"{what} to {form} {path}")

    def restored(self, path: str, iteration: int) -> None:
        self._write(f"Restoring previous solver status from {path}")

    def warned(self, message: str) -> None:
        self._write(message, "W")

    def noted(self, message: str) -> None:
        self._write(message)

    def settled(self, iteration: int, best_iter: int) -> None:
        self._write(f"Nothing got better since iteration {best_iter}: training ends.")

    def stopped(self, iteration: int) -> None:
        self._write("Optimization stopped early.")

    def finished(self) -> None:
        self._write("Optimization Done.")

    def _outputs(self, phase: str, outputs: Sequence[Output]) -> None:
        for number, o in enumerate(outputs):
            share = f" (* {o.loss_weight:g} = {o.loss_weight * o.value:g} loss)"
            self._write(
                f"    {phase} net output #{number}: {o.name} = {o.value:g}"
                f"{share if o.loss_weight else ''}"
            )

    def _write(self, line: str, severity: str = "I") -> None:
        time = datetime.now().strftime("%m%d %H:%M:%S.%f")
        self._stream.write(f"{severity}{time} {os.getpid():5} {_ORIGIN}] {line}\n")
        self._stream.flush()

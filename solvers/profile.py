"""Where a run spends its time: layer by layer, forward and backward, and in the update."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from netdef.executor import Way
from netdef.io.whole_file import writing_whole
from netdef.solvers.reporter import Reporter, Started
from netdef.solvers.solver import Solver
from netdef.table import Row, table

_WARM_UP = 2
"""Iterations that are not counted: caches and threads get ready in them."""
_TRACED = 20
"""Iterations that the trace shows; all count in the table."""


class Profile(Reporter):
    """Measures each layer of a run; it is one of the solver's reporters.

    The two first iterations are left out. Layers are measured one after the other, which on a
    GPU costs some speed.
    """

    def __init__(self, solver: Solver, clock: Callable[[], float] = perf_counter) -> None:
        self._solver, self._clock = solver, clock
        self._left_out, self._counted = _WARM_UP, 0
        self._sums: dict[tuple[str, str], float] = defaultdict(float)
        self._events: list[dict[str, Any]] = []
        self._first: float | None = None
        self._began: float | None = None
        self._layer_began = self._last = 0.0

    def started(self, event: Started) -> None:
        self._solver.net.executor.observer = self

    def before(self, way: Way, node: int) -> None:
        """Start the clock for a layer."""
        self._layer_began = self._clock()
        if self._began is None:
            self._began = self._layer_began

    def after(self, way: Way, node: int) -> None:
        """Stop the clock for a layer."""
        self._solver.net.device.wait()
        self._last = self._clock()
        name = self._solver.net.layer_names[node]
        self._add(name, way, self._layer_began, self._last)

    def trained(self, iteration: int, loss: float) -> None:
        self._solver.net.device.wait()
        now = self._clock()
        if self._began is not None:
            self._add("update", "update", self._last, now)
            self._add(f"iteration {iteration}", "iteration", self._began, now)
        self._began = None
        if self._left_out:
            self._left_out -= 1
        else:
            self._counted += 1
        # Nets whose shapes change get another executor.
        self._solver.net.executor.observer = self

    def _add(self, name: str, kind: str, start: float, end: float) -> None:
        if self._left_out:
            return
        if kind != "iteration":
            self._sums[name, kind] += end - start
        if self._first is None:
            self._first = start
        if self._counted < _TRACED:
            self._events.append(_event(name, kind, start - self._first, end - start))

    def table(self) -> str:
        """Return the mean milliseconds of each layer in an iteration, slowest first."""
        net, count = self._solver.net, max(self._counted, 1)
        rows: list[tuple[str, str, float, float, float]] = []
        for name, kind in zip(net.layer_names, net.layer_types, strict=True):
            forward, backward = (
                1000 * self._sums[name, way] / count for way in ("forward", "backward")
            )
            rows.append((name, kind, forward, backward, forward + backward))
        update = 1000 * self._sums["update", "update"] / count
        rows.append(("update", self._solver.param.type, 0.0, 0.0, update))
        rows.sort(key=lambda row: -round(row[4], 6))
        total: Row = ("sum", "", *(sum(float(row[i]) for row in rows) for i in (2, 3, 4)))
        head = (f"{self._counted} iterations", "type", "forward ms", "backward ms", "both ms")
        return table(head, rows, total)

    def write(self, path: str | Path) -> None:
        """Write the first iterations as trace events, which trace viewers of browsers read.

        Source: the Trace Event Format of Chromium's tracing tools.

        Raises:
            RunError: the file cannot be written.
        """
        trace = {"traceEvents": self._events, "displayTimeUnit": "ms"}
        with writing_whole(path) as file:
            file.write(json.dumps(trace).encode())


def _event(name: str, kind: str, start: float, seconds: float) -> dict[str, Any]:
    """Return a complete event: ``ts`` and ``dur`` are microseconds."""
    microseconds = {"ts": round(1e6 * start, 3), "dur": round(1e6 * seconds, 3)}
    return {"name": name, "cat": kind, "ph": "X", "pid": 0, "tid": 0, **microseconds}

"""The milliseconds of each layer in a training step."""

from collections import defaultdict
from collections.abc import Callable
from time import perf_counter

from netdef.executor import Way
from netdef.solvers.solver import Solver

_WARM_UP = 2
"""Steps that are not counted: caches and threads get ready in them."""


class LayerClock:
    """Looks on while an executor runs, and keeps how long each layer takes each time.

    ``clock`` gives the seconds.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self.times: dict[tuple[Way, int], list[float]] = defaultdict(list)
        self._clock, self._began = clock, 0.0

    def before(self, way: Way, node: int) -> None:
        """Start the clock."""
        self._began = self._clock()

    def after(self, way: Way, node: int) -> None:
        """Stop the clock."""
        self.times[way, node].append(1e3 * (self._clock() - self._began))


def clock_steps(
    solver: Solver, steps: int
) -> tuple[dict[tuple[Way, int], list[float]], list[float]]:
    """Train for so many steps; return the milliseconds of each layer and of each step."""
    device = solver.net.device

    def clock() -> float:
        device.wait()
        return perf_counter()

    solver.step(_WARM_UP)
    solver.net.executor.observer = layers = LayerClock(clock)
    whole = []
    for _ in range(steps):
        began = clock()
        solver.step(1)
        whole.append(1e3 * (clock() - began))
    solver.net.executor.observer = None
    return dict(layers.times), whole

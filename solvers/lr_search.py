"""Looking for a learning rate: training with a rate that grows, until the loss does."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from netdef.errors import ConfigError, Diverged
from netdef.proto import SolverParameter
from netdef.solvers.reporter import Reporter
from netdef.solvers.solver import Solver

_KEPT = 0.9
"""Of the mean loss so far, at each iteration."""
_WORSE = 4
"""Times the lowest mean loss: there is nothing to see behind."""
_SETTLING = 10
"""Iterations in which the running mean hangs on single losses; no rate of them is suggested."""
_FEWEST = 2 * _SETTLING
_LEAST_FALL = 0.01
_NOT_OF_A_SWEEP = (
    *("test_iter", "test_interval", "test_net", "test_net_param", "test_state"),
    *("test_whole_set", "max_epoch", "display", "snapshot", "snapshot_best"),
    *("monitor", "monitor_mode", "patience", "warmup_iter"),
)


@dataclass(frozen=True)
class Sweep:
    """The loss at each of some growing rates."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def smoothed(self) -> tuple[float, ...]:
        """The running mean ``m = 0.9 m + 0.1 loss``, divided by the weights it has so far."""
        mean, found = 0.0, []
        for i, loss in enumerate(self.losses, 1):
            mean = _KEPT * mean + (1 - _KEPT) * loss
            found.append(mean / (1 - _KEPT**i))
        return tuple(found)

    @property
    def suggestion(self) -> float | None:
        """The rate at which the smoothed loss falls most steeply; None if it falls less than 1 %.

        The slope is by the logarithm of the rate, from the eleventh iteration up to the lowest
        smoothed loss.
        """
        smoothed, rates = np.array(self.smoothed)[_SETTLING:], self.rates[_SETTLING:]
        if not len(smoothed) or smoothed.min() > (1 - _LEAST_FALL) * smoothed[0]:
            return None
        end = int(smoothed.argmin()) + 1
        slopes = np.gradient(smoothed[:end], np.log(rates[:end]))
        return rates[int(slopes.argmin())]


class _LastLoss(Reporter):
    loss = 0.0

    def trained(self, iteration: int, loss: float) -> None:
        self.loss = loss


def sweep(
    param: SolverParameter,
    path: str,
    first: float = 1e-6,
    last: float = 1.0,
    iterations: int = 100,
    tell: Callable[[int, int], None] | None = None,
    splits_batch: bool = False,
) -> Sweep:
    """Train from ``first`` to ``last``, iteration i at ``first (last / first)^(i / (n - 1))``.

    Nothing is tested or written. It ends early where the smoothed loss is four times its
    lowest value, or no number. ``tell`` is told the iterations done and their number.

    Source: L. N. Smith, Cyclical learning rates for training neural networks, 2015.

    Raises:
        ConfigError: the rates do not grow, or there are too few iterations.
    """
    if not 0 < first < last:
        raise ConfigError(f"the rate must grow from more than 0: got {first:g} to {last:g}")
    if iterations < _FEWEST:
        raise ConfigError(f"a sweep takes at least {_FEWEST} iterations, got {iterations}")
    reporter = _LastLoss()
    growing = _growing(param, first, last, iterations)
    solver = Solver(growing, path, keep="outputs", reporter=reporter, splits_batch=splits_batch)
    found = Sweep((), ())
    for i in range(iterations):
        rate = solver.lr
        try:
            solver.step(1)
        except Diverged:
            break
        found = Sweep((*found.rates, rate), (*found.losses, reporter.loss))
        if tell:
            tell(i + 1, iterations)
        if len(found.rates) > _SETTLING and found.smoothed[-1] > _WORSE * min(found.smoothed):
            break
    return found


def _growing(param: SolverParameter, first: float, last: float, iterations: int) -> SolverParameter:
    own = SolverParameter()
    own.CopyFrom(param)
    for name in _NOT_OF_A_SWEEP:
        own.ClearField(name)  # type: ignore[arg-type]
    own.lr_policy, own.base_lr, own.max_iter = "exp", first, iterations
    own.gamma = (last / first) ** (1 / (iterations - 1))
    own.snapshot_after_train, own.on_nan = False, "stop"
    return own

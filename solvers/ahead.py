"""Iterations whose losses are not known yet: a GPU gets the next one before."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdef.net import Net
from netdef.solvers.divergence import Stand, diverge
from netdef.solvers.forwarded import Forwarded
from netdef.solvers.scoring import see

if TYPE_CHECKING:
    from netdef.solvers.solver import Solver


@dataclass
class Iteration:
    """An iteration that was begun: its number, and its passes forward, one for each batch."""

    number: int
    passes: list[Forwarded]
    size: int
    loss: float | None = None
    """The mean over the batches, once it was looked at."""

    def read_loss(self) -> float:
        """Wait for the loss, and return it."""
        total = 0.0
        for each in self.passes:
            total += each.loss()
        self.loss = total / self.size
        return self.loss

    def broken(self) -> tuple[Net, Stand]:
        """Return the net whose loss is no number, and where it stood before its batch."""
        return next(p for p in self.passes if not math.isfinite(p.loss())).broken()


def may_run_ahead(solver: "Solver") -> bool:
    """Tell whether nothing hangs on a loss before the next iteration is begun.

    Only a GPU works by itself. A loss that is no number must stop the run: what goes on
    with the next batch must know which that is. No rate, no patience and no factor may depend
    on it; and whoever hears of each iteration must be content with hearing of it later.
    """
    param = solver.param
    hangs_on_losses = param.lr_policy == "plateau" or param.patience > 0
    return (
        solver.replicas.halts
        and param.on_nan == "stop"
        and (bool(param.monitor) or not hangs_on_losses)
        and not solver.loss_scale.is_searched
        and not solver.reporter.must_hear_at_once
        and solver.net.executor.observer is None
    )


def look(solver: "Solver") -> bool:
    """Take in the losses of all iterations begun; False if one was no number and the run goes on.

    Raises:
        Diverged: one was no number.
    """
    return all(i.loss is not None or _take_in(solver, i) for i in list(solver.begun))


def catch_up(solver: "Solver", but: int = 0) -> None:
    """Tell of the iterations that were begun, but for the last ``but``.

    Raises:
        Diverged: the loss of one was no number.
        DataError: its data were damaged.
    """
    while len(solver.begun) > but:
        iteration = solver.begun.popleft()
        if iteration.loss is None:
            _take_in(solver, iteration)
        assert iteration.loss is not None
        solver.reporter.trained(iteration.number + 1, iteration.loss)


def _take_in(solver: "Solver", iteration: Iteration) -> bool:
    loss = iteration.read_loss()
    if not math.isfinite(loss):
        solver.begun.clear()
        solver.iter = iteration.number
        solver.replicas.end_halt()
        diverge(solver, solver.choice, *iteration.broken())
        return False
    solver.losses.append(loss)
    if not solver.param.monitor:
        see(solver, solver.smoothed_loss, iteration.number)
    return True

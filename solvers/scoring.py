"""Tests of a solver's nets while it trains: reported, watched, and the best weights kept."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from netdef.errors import RunError, WeightsError
from netdef.net import Net
from netdef.solvers.reporter import Scores
from netdef.solvers.testing import test

if TYPE_CHECKING:
    from netdef.solvers.solver import Solver


def score_all(solver: "Solver") -> None:
    """Run every test net over its ``test_iter`` batches or whole set, and report the means.

    With ``ema_decay`` the average of the weights is tested.
    """
    average = solver.average
    with average.in_place() if average and average.has_begun else nullcontext():
        for number, net in enumerate(solver.test_nets):
            _score(solver, number, net)


def _score(solver: "Solver", number: int, net: Net) -> None:
    param, reporter = solver.param, solver.reporter
    reporter.testing(solver.iter, number)
    outputs, loss = test(net, None if param.test_whole_set else param.test_iter[number])
    shown = loss if param.test_compute_loss else None
    reporter.tested(Scores(solver.iter, number, outputs, shown))
    for output in outputs if number == 0 else ():
        if output.name == param.monitor and see(solver, output.value, solver.iter):
            _keep_best(solver)


def see(solver: "Solver", value: float, iteration: int) -> bool:
    """Take in what is watched; lower the rate of a plateau; say whether it got better."""
    watch = solver.watch
    is_better = watch.see(value, iteration)
    if not is_better and solver.schedule.stand_still(watch.standstill(iteration)):
        watch.lowered_iter = iteration
    patience = solver.param.patience
    solver.has_settled = 0 < patience <= iteration - watch.best_iter
    return is_better


def _keep_best(solver: "Solver") -> None:
    """Write the weights that were tested, if ``snapshot_best`` asks for it."""
    if not solver.param.snapshot_best:
        return
    path = solver.snapshots.best
    try:
        solver.reporter.snapshotting(path)
        solver.net.save(path, solver.snapshots.format)
    except (RunError, WeightsError) as error:
        solver.reporter.warned(f"{error}; the training goes on")

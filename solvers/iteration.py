"""One iteration of a solver: its batches forward and backward, the update, what falls due."""

import math
import time
from typing import TYPE_CHECKING

import numpy as np

from netdef.errors import RunError, WeightsError, at
from netdef.solvers.ahead import Iteration, catch_up, look, may_run_ahead
from netdef.solvers.reporter import Displayed, outputs_of
from netdef.solvers.scoring import score_all
from netdef.solvers.signals import Effect

if TYPE_CHECKING:
    from netdef.solvers.solver import Solver


def iterate(solver: "Solver") -> None:
    """Train for one iteration, with the test before and the snapshot behind it that fall due.

    Raises:
        Diverged: the loss is no longer a number.
        DataError: the data are damaged.
    """
    param = solver.param
    if solver.is_due(param.test_interval) and (solver.iter > 0 or param.test_initialization):
        catch_up(solver)
        score_all(solver)
        if solver.has_settled:
            return
    is_ahead = may_run_ahead(solver)
    solver.begun.append(_forward_backward(solver, is_ahead))
    is_displayed = solver.is_due(param.display)
    if (is_displayed or not is_ahead) and not look(solver):
        return
    _learn(solver, is_displayed)
    solver.iter += 1
    catch_up(solver, but=int(is_ahead))
    _snapshot(solver)


def _forward_backward(solver: "Solver", is_ahead: bool) -> Iteration:
    """Sum the gradients of ``iter_size`` batches.

    Unless it runs ahead of the losses, one that is no number ends it.
    """
    replicas, size = solver.replicas, solver.param.iter_size
    begun = Iteration(solver.iter, [], size)
    replicas.clear()
    with np.errstate(all="ignore"):  # what is no number is looked for in the loss
        for batch in range(size):
            begun.passes.append(replicas.forward())
            if replicas.go_ahead:
                replicas.backward(is_last=batch == size - 1)
            if not is_ahead and not math.isfinite(begun.passes[-1].loss()):
                break
            if not replicas.go_ahead:
                replicas.backward(is_last=batch == size - 1)
    return begun


def _learn(solver: "Solver", is_displayed: bool) -> None:
    rate = solver.schedule.begin(solver.iter)
    if is_displayed:
        _display(solver, rate)
    if _are_gradients_numbers(solver):
        solver.replicas.learn(rate, solver.iter)
        if solver.average:
            solver.average.follow()
        if solver.loss_scale.hold():
            _tell_loss_scale(solver)


def _are_gradients_numbers(solver: "Solver") -> bool:
    """See whether float16 could hold the gradients; if not, tell of it."""
    with at(f"{solver.path}: iteration {solver.iter}"):
        if not solver.loss_scale.is_exceeded():
            return True
    _tell_loss_scale(solver, "a gradient is no number; ", ", and no weight changes")
    return False


def _tell_loss_scale(solver: "Solver", why: str = "", so: str = "") -> None:
    factor = f"{solver.loss_scale.value:.9g}"
    solver.reporter.noted(
        f"Iteration {solver.iter}: {why}the loss_scale is {factor} from now on{so}"
    )


def _display(solver: "Solver", rate: float) -> None:
    (iteration, then), now = solver.displayed_at, time.monotonic()
    solver.displayed_at = solver.iter, now
    solver.reporter.displayed(
        Displayed(
            iteration=solver.iter,
            loss=solver.smoothed_loss,
            outputs=outputs_of(solver.net, solver.replicas.output_values()),
            rate=rate,
            seconds=now - then,
            iterations=solver.iter - iteration,
            display=solver.param.display,
        )
    )


def _snapshot(solver: "Solver") -> None:
    """Take the snapshot that falls due or was asked for; only one that stops may fail."""
    asked, solver.asked = solver.asked, Effect.NONE
    solver.is_stopped = asked is Effect.STOP
    if asked is not Effect.NONE or solver.is_due(solver.param.snapshot):
        catch_up(solver)
    if solver.is_stopped:
        solver.snapshot()
    elif solver.is_due(solver.param.snapshot) or asked is Effect.SNAPSHOT:
        try:
            solver.snapshot()
        except (RunError, WeightsError) as error:
            solver.reporter.warned(f"{error}; the training goes on")

"""A run of a solver from its first iteration, or a snapshot, to its end."""

from typing import TYPE_CHECKING

from netdef.errors import ConfigError, at
from netdef.layer import DataLayer
from netdef.solvers import snapshotting
from netdef.solvers.epochs import records_of
from netdef.solvers.reporter import Displayed, Started
from netdef.solvers.scoring import score_all

if TYPE_CHECKING:
    from netdef.solvers.solver import Solver


def run_whole(solver: "Solver", resume_file: str | None) -> None:
    """Train up to ``max_iter``, from a snapshot if one is given; test at the end.

    Raises:
        ConfigError: it is not said when to end, or snapshots cannot be written.
        Diverged: the loss is no longer a number.
    """
    _check(solver)
    if resume_file:
        solver.restore(resume_file)
    solver.reporter.started(_start(solver))
    if len(solver.replicas) > 1:
        solver.reporter.noted(_shares(solver))
    solver.step(solver.param.max_iter - solver.iter)
    if solver.is_stopped:
        solver.reporter.stopped(solver.iter)
        return
    if solver.has_settled:
        solver.reporter.settled(solver.iter, solver.watch.best_iter)
    _finish(solver)
    solver.reporter.finished()


def _check(solver: "Solver") -> None:
    """See, before any data are read, whether the run can end as it should."""
    param = solver.param
    with at(solver.path):
        if not param.HasField("max_iter"):
            raise ConfigError("neither max_iter nor max_epoch is set; one says when to end")
        if param.snapshot_after_train:
            solver.snapshots.check_folder()
        if param.snapshot_after_train or param.snapshot:
            snapshotting.check_size(solver)


def _start(solver: "Solver") -> Started:
    net, param = solver.net, solver.param
    data = [n.tops[0] for n in net.graph.nodes if isinstance(n.layer, DataLayer)]
    batch = net.shapes.blobs[data[0]][0] * param.iter_size * len(solver.replicas) if data else 0
    records = records_of(net.sources)
    return Started(net.name, param.lr_policy, solver.iter, param.max_iter, batch, records)


def _shares(solver: "Solver") -> str:
    """Say how many records an iteration takes, and where."""
    count, times = len(solver.replicas), solver.param.iter_size
    batch = _start(solver).batch
    passes = f", {times} times" if times > 1 else ""
    return f"batch {batch // count // times} on each of {count} GPUs{passes}: {batch}"


def _finish(solver: "Solver") -> None:
    """Take the last snapshot, display the last loss and test, as far as each is due."""
    param = solver.param
    is_kept = solver.last_snapshot == solver.snapshots.state(solver.iter)
    if param.snapshot_after_train and not is_kept:
        solver.snapshot()
    if solver.is_due(param.display):
        solver.losses.append(solver.replicas.forward().loss())
        solver.reporter.displayed(Displayed(solver.iter, solver.smoothed_loss))
    # What is watched in a test settled in one of this iteration.
    if solver.is_due(param.test_interval) and not (solver.has_settled and param.monitor):
        score_all(solver)

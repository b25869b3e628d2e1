"""Snapshots of a solver: taken, and gone on from."""

from typing import TYPE_CHECKING

from netdef.errors import ConfigError, MissingFile, RunError, WeightsError, at
from netdef.io.solverstate import SavedState, read_state, write_state
from netdef.io.weights import LARGEST
from netdef.solvers.resuming import go_on, resume_state
from netdef.solvers.snapshots import find_learned_net

if TYPE_CHECKING:
    from netdef.solvers.solver import Solver


def take(solver: "Solver") -> str:
    """Write the weights, then the state that names them; return the state's path.

    Raises:
        RunError: a file cannot be written, or the weights are no numbers.
        WeightsError: a file would be larger than 2 GiB, and is not HDF5.
    """
    wrong = solver.replicas.agree()
    if wrong:
        solver.reporter.warned(wrong)
    files, param = solver.snapshots, solver.param
    weights, state = files.weights(solver.iter), files.state(solver.iter)
    if not solver.net.device.xp.isfinite(solver.net.weights.data).all():
        raise RunError(f"{weights}: is not written; the weights are no longer numbers")
    one, histories = solver.update.snapshot_bytes()
    copies = 1 + param.snapshot_diff + (solver.average is not None)
    files.check_space(solver.iter, one * copies + histories)
    solver.reporter.snapshotting(weights)
    solver.net.save(weights, files.format, param.snapshot_diff)
    nets, others = [solver.net, *solver.test_nets], solver.replicas.nets[1:]
    resume = resume_state(nets, others, solver.losses, solver.watch)
    resume.replicas = len(solver.replicas)
    if solver.loss_scale.is_searched:
        resume.loss_scale, resume.loss_scale_held = solver.loss_scale.value, solver.loss_scale.held
    if solver.average and solver.average.has_begun:
        resume.averaged_net = files.averaged(solver.iter)
        solver.reporter.snapshotting(resume.averaged_net)
        with solver.average.in_place():
            solver.net.save(resume.averaged_net, files.format)
    solver.reporter.snapshotting(state)
    history, step = solver.update.saved(), solver.schedule.current_step
    saved = SavedState(solver.iter, step, weights, history, resume)
    write_state(state, saved, files.format)
    if param.keep_snapshots:
        files.remove_older(solver.iter, param.keep_snapshots)
    return state


def _note_other_number(solver: "Solver", before: int) -> None:
    now = len(solver.replicas)
    if now != before:
        solver.reporter.warned(
            f"the snapshot is of a run on {_gpus(before)}, this one is on {_gpus(now)}: it goes on"
            " with the next record, but not bit for bit as that would have"
        )


def _note_other_kernels(solver: "Solver", kernels: str) -> None:
    if kernels and kernels != solver.net.plan.kernels:
        solver.reporter.warned(
            "the run before computed by other kernels (another GPU, library or precision, or"
            " --autotune in one of the two): from here its numbers are others in the last bits"
        )


def _gpus(count: int) -> str:
    return f"{count} GPUs" if count > 1 else "one device"


def check_size(solver: "Solver") -> None:
    """See, before training, whether binary snapshots stay below the 2 GiB that Caffe reads.

    Raises:
        ConfigError: they do not.
    """
    weights, histories = solver.update.snapshot_bytes()
    size = max(weights * (1 + solver.param.snapshot_diff), histories)
    if size > LARGEST and solver.snapshots.format == "BINARYPROTO":
        raise ConfigError(
            f"a snapshot takes {size} bytes, more than the {LARGEST} of a binary file; set"
            " snapshot_format: HDF5"
        )


def restore(solver: "Solver", path: str) -> None:
    """Go on from a state: exactly, if netdef wrote it."""
    state = read_state(path)
    restore_weights(solver, path, state)
    solver.net.clock.iteration = state.iter * solver.param.iter_size
    if state.resume is not None:
        _note_other_number(solver, state.resume.replicas or 1)
        _note_other_kernels(solver, state.resume.kernels)
        nets, others = [solver.net, *solver.test_nets], solver.replicas.nets[1:]
        go_on(nets, others, state.resume, solver.watch)
        if state.resume.HasField("loss_scale"):
            solver.loss_scale.go_on(state.resume.loss_scale, state.resume.loss_scale_held)
        solver.losses.clear()
        solver.losses.extend(state.resume.losses)
        solver.seed = state.resume.seed


def restore_weights(solver: "Solver", path: str, state: SavedState) -> None:
    """Take over weights, histories and iteration, and leave the data where they are."""
    with at(path):
        solver.update.check(state.history)
    averaged = state.resume.averaged_net if state.resume and solver.average else ""
    average_path = find_learned_net(averaged, path) if averaged else ""
    if state.learned_net:
        solver.net.copy_from(find_learned_net(state.learned_net, path))
    if solver.average and average_path:
        with solver.average.in_place():
            solver.net.copy_from(average_path)
    elif solver.average:
        solver.average.has_begun = False
    solver.update.restore(state.history)
    solver.iter, solver.schedule.current_step = state.iter, state.current_step
    solver.last_snapshot = path
    solver.reporter.restored(path, state.iter)


def restore_newest(solver: "Solver") -> None:
    """Go on from the newest snapshot that is whole; from none if there is none.

    Raises:
        WeightsError: there are some, and none is whole.
    """
    solver.snapshots.remove_remains()
    found = solver.snapshots.newest_first()
    for path in found:
        try:
            restore(solver, path)
            return
        except (MissingFile, WeightsError) as error:
            solver.reporter.warned(f"{error}; passed over")
    if found:
        raise WeightsError(
            f"{solver.snapshots.prefix}: none of the {len(found)} snapshots can be gone on from;"
            " move them away to begin anew"
        )

"""Runs that meet full disks, losses that are no numbers, and signals."""

import os
import shutil
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest

from netdef.errors import ConfigError, Diverged, RunError, UnknownType, WeightsError
from netdef.io import solverstate
from netdef.io.solverstate import SavedState, write_state
from netdef.solvers import snapshotting
from netdef.solvers.reporter import Reporter
from netdef.solvers.signals import Effect, hearing_signals
from tests.solvers.conftest import NET
from tests.solvers.test_solver import FILE, assert_equal, solver, weights

PREFIX = "snapshot_prefix: 's'"
EACH = f"{PREFIX}\nsnapshot: 1"
SNAPSHOTS = f"{PREFIX}\nsnapshot: 2"


class Notes(Reporter):
    """Writes down warnings, and acts after some iterations."""

    def __init__(self, **actions):
        self.heard, self.restored_from = [], []
        self.actions = {int(name.removeprefix("after_")): act for name, act in actions.items()}

    def warned(self, message):
        self.heard.append(message)

    def trained(self, iteration, loss):
        self.actions.pop(iteration, lambda: None)()

    def restored(self, path, iteration):
        self.restored_from.append(path)

    def stopped(self, iteration):
        self.heard.append(f"stopped at {iteration}")


def states():
    return sorted(path.name for path in Path().glob("*.solverstate*"))


def test_snapshot_that_fails_does_not_end_the_training(folder, monkeypatch):
    usage = shutil.disk_usage(folder)
    notes = Notes(
        after_2=lambda: monkeypatch.setattr(shutil, "disk_usage", lambda _: usage),
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100))
    mine = solver(f"{EACH}\nmax_iter: 3", reporter=notes)
    mine.solve()
    assert mine.iter == 3 and states() == ["s_iter_2.solverstate", "s_iter_3.solverstate"]
    assert notes.heard == [
        "s_iter_1.caffemodel: the snapshot takes 0 MiB, the disk has 0 MiB left; make room;"
        " the training goes on"
    ]


def test_the_last_snapshot_must_succeed(folder, monkeypatch):
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(RunError) as error:
        solver(f"{PREFIX}\nsnapshot_after_train: true").solve()
    assert str(error.value) == (
        "s_iter_6.caffemodel: the snapshot takes 0 MiB, the disk has 0 MiB left; make room"
    )


@pytest.mark.parametrize(
    ("extra", "blobs"), [("", 3), ("snapshot_diff: true", 4), ("ema_decay: 0.5", 4)]
)
def test_space_that_a_snapshot_takes(folder, monkeypatch, extra, blobs):
    asked = []
    mine = solver(f"{SNAPSHOTS}\ntype: 'Adam'\n{extra}".rstrip())
    monkeypatch.setattr(mine.snapshots, "check_space", lambda i, size: asked.append(size))
    mine.snapshot()
    assert asked == [blobs * 4 * (7 * 5 + 7 + 3 * 7 + 3)]


def test_states_that_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(solverstate, "LARGEST", 50)
    path = tmp_path / "s"
    with pytest.raises(WeightsError) as error:
        write_state(path, SavedState(1, 0, "", [np.zeros(9, "f4")]))
    assert str(error.value) == (
        f"{path}: 51 bytes are more than the 50 of a binary solverstate; use snapshot_format: HDF5"
    )
    write_state(path, SavedState(1, 0, "", [np.zeros(9, "f4")]), "HDF5")


@pytest.mark.parametrize(
    ("extra", "size"),
    [("", 264), ("snapshot_diff: true", 528), ("type: 'Adam'", 528)],
)
def test_too_large_snapshots_are_refused_before_training(folder, monkeypatch, extra, size):
    monkeypatch.setattr(snapshotting, "LARGEST", 263)
    mine = solver(f"{SNAPSHOTS}\n{extra}".rstrip())
    with pytest.raises(ConfigError) as error:
        mine.solve()
    assert mine.iter == 0
    assert str(error.value) == (
        f"{FILE}: a snapshot takes {size} bytes, more than the 263 of a binary file;"
        " set snapshot_format: HDF5"
    )
    solver(f"{SNAPSHOTS}\nsnapshot_format: HDF5\n{extra}".rstrip()).solve()


def break_weights(mine, layer="ip2", value=np.nan):
    mine.net.params[layer][0].data[0, 0] = value


def test_weights_that_are_no_numbers_are_not_kept(folder):
    mine = solver(SNAPSHOTS)
    break_weights(mine)
    with pytest.raises(RunError) as error:
        mine.snapshot()
    assert str(error.value) == (
        "s_iter_0.caffemodel: is not written; the weights are no longer numbers"
    )
    assert states() == []


@pytest.mark.parametrize("keep", ["blobs", "outputs"])
@pytest.mark.parametrize(("value", "what"), [(np.inf, "weights"), (3e38, "top 'ip2'")])
def test_layer_where_a_loss_that_is_no_number_began(folder, keep, value, what):
    mine = solver(EACH, keep=keep)
    mine.step(1)
    mine.net.params["ip2"][0].data[...] = value
    with pytest.raises(Diverged) as error:
        mine.step(3)
    assert str(error.value) == (
        "a.solver.prototxt: the loss is no longer a number at iteration 1, first in the"
        f" {what} of layer 'ip2' (InnerProduct); lower base_lr (0.1) or set clip_gradients;"
        " the last snapshot is s_iter_1.solverstate"
    )


def log_net(folder):
    """Make the first rows of each round negative, and let a layer take their logarithm."""
    text = NET.replace('bottom: "x" top: "ip1"', 'bottom: "y" top: "ip1"')
    head, tail = text.split('layer { name: "ip1"')
    log = 'layer { name: "log" type: "Log" bottom: "x" top: "y" }\nlayer { name: "ip1"'
    with h5py.File(folder / "rows.h5", "r+") as file:
        rows = np.abs(file["x"][...]) + 0.1
        rows[8:16] = -1  # the second batch
        file["x"][...] = rows
    (folder / "net.prototxt").write_text(head + log + tail)


SAID = (
    "a.solver.prototxt: the loss is no longer a number at iteration {}, first in the top 'y' of"
    " layer 'log' (Log)"
)


def test_message_of_a_bad_batch(folder):
    log_net(folder)
    with pytest.raises(Diverged) as error:
        solver().step(3)
    assert str(error.value) == (
        f"{SAID.format(1)}; lower base_lr (0.1) or set clip_gradients; there is no snapshot yet"
    )


def test_the_trace_leaves_the_net_where_it_is(folder):
    log_net(folder)
    mine = solver()
    with pytest.raises(Diverged):
        mine.step(3)
    assert mine.iter == 1 and mine.net.clock.iteration == 2
    assert mine.net.sources["data"].state() == {"position": 16}


@pytest.mark.parametrize("iter_size", [1, 2])
def test_going_on_with_the_next_batch(folder, iter_size):
    log_net(folder)
    notes = Notes()
    mine = solver(f"iter_size: {iter_size}", reporter=notes, on_nan="continue")
    mine.step(3)
    assert mine.iter == 3 and np.isfinite(mine.net.weights.data).all()
    assert notes.heard[0] == f"{SAID.format(2 - iter_size)}; goes on with the next batch"


def test_a_left_out_update_changes_no_weights(folder):
    log_net(folder)
    mine = solver("on_nan: 'continue'")
    mine.step(1)
    before = weights(mine)
    mine.step(1)
    assert_equal(weights(mine), before)
    mine.step(1)
    assert not np.array_equal(weights(mine)[0], before[0])


def test_going_on_is_no_use_with_weights_that_are_no_numbers(folder):
    mine = solver("on_nan: 'continue'")
    break_weights(mine)
    with pytest.raises(Diverged):
        mine.step(1)


def test_going_back(folder):
    notes = Notes()
    mine = solver(f"{SNAPSHOTS}\non_nan: 'rollback'", reporter=notes)
    mine.step(3)
    break_weights(mine)
    mine.step(2)
    assert mine.iter == 5 and np.isfinite(mine.net.weights.data).all()
    assert mine.rollbacks == 0  # since the snapshot of iteration 4
    assert notes.restored_from == ["s_iter_2.solverstate"]
    assert notes.heard == [
        "a.solver.prototxt: the loss is no longer a number at iteration 3, first in the weights"
        " of layer 'ip2' (InnerProduct); goes back to s_iter_2.solverstate"
    ]
    # The data did not go back: 3 iterations, one that failed and three after it.
    assert mine.net.sources["data"].state() == {"position": 8 * 7}


def test_going_back_again_and_again_ends(folder):
    class Breaking(Notes):
        def restored(self, path, iteration):
            super().restored(path, iteration)
            break_weights(mine)

    notes = Breaking()
    mine = solver(f"{SNAPSHOTS}\non_nan: 'rollback'", reporter=notes)
    mine.snapshot()
    break_weights(mine)
    with pytest.raises(Diverged) as error:
        mine.step(9)
    assert len(notes.restored_from) == 3
    assert str(error.value).endswith("the last snapshot is s_iter_0.solverstate")


def test_unknown_on_nan(folder):
    with pytest.raises(ConfigError) as error:
        solver(on_nan="ignore")
    assert str(error.value) == f"{FILE}: no on_nan 'ignore'; it is stop, continue, rollback"


def send(number):
    return lambda: os.kill(os.getpid(), number)


def train(extra="", effects=None, **actions):
    notes = Notes(**actions)
    mine = solver(f"{PREFIX}\n{extra}".rstrip(), reporter=notes)
    with hearing_signals(mine, **(effects or {})):
        mine.solve()
    return mine, notes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_that_stop_take_a_snapshot(folder, number):
    mine, notes = train(after_3=send(number))
    assert mine.is_stopped and mine.iter == 3 and notes.heard == ["stopped at 3"]
    assert states() == ["s_iter_3.solverstate"]


def test_sighup_takes_a_snapshot_and_goes_on(folder):
    mine, _ = train(after_3=send(signal.SIGHUP), after_5=send(signal.SIGHUP))
    assert not mine.is_stopped and mine.iter == 6
    assert states() == ["s_iter_3.solverstate", "s_iter_5.solverstate"]


def test_effects_by_caffes_words(folder):
    effects = {"sigint_effect": "none", "sighup_effect": "stop", "sigterm_effect": "snapshot"}
    mine, _ = train(
        effects=effects,
        after_1=send(signal.SIGINT),
        after_2=send(signal.SIGTERM),
        after_4=send(signal.SIGHUP),
    )
    assert mine.is_stopped and mine.iter == 4
    assert states() == ["s_iter_2.solverstate", "s_iter_4.solverstate"]


def test_unknown_effect(folder):
    with pytest.raises(UnknownType) as error:
        train(effects={"sigint_effect": "stopp"})
    assert str(error.value) == "no effect of a signal 'stopp'; did you mean 'stop'?"


def test_a_second_sigint_stops_at_once(folder):
    def twice():
        send(signal.SIGINT)()
        send(signal.SIGINT)()

    with pytest.raises(KeyboardInterrupt):
        train(after_3=twice)
    assert states() == []


def test_handlers_of_before_come_back(folder):
    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    train()
    assert [signal.getsignal(number) for number in numbers] == before


def test_asking_for_a_snapshot(folder):
    notes = Notes()
    mine = solver(PREFIX, reporter=notes)
    mine.ask(Effect.SNAPSHOT)
    mine.step(2)
    assert states() == ["s_iter_1.solverstate"]

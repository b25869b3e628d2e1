"""Training on a GPU, whose losses are looked at when the next iteration has been begun."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

import netdef
from netdef.errors import DataError, Diverged
from netdef.executor import Executor
from netdef.io.solverstate import read_state
from netdef.reading import Reader
from netdef.solvers.ahead import may_run_ahead
from netdef.solvers.reporter import Reporter
from netdef.solvers.several_reporters import SeveralReporters
from netdef.solvers.signals import Effect
from tests.engines import streams_on_cpu as streams
from tests.engines.gpu_on_cpu import gpu_with_cudnn
from tests.solvers.conftest import SOLVER

TEXT = SOLVER.replace("solver_mode: CPU", "") + "average_loss: 3\n"


@pytest.fixture
def gpu(folder):
    """A stand-in for a GPU, and the folder of a small net."""
    with gpu_with_cudnn(folder / "home"):
        yield folder
    streams.recover()


class Patient(Reporter):
    """Writes down what it hears, and how far the solver was then."""

    must_hear_at_once = False

    def __init__(self):
        self.losses, self.heard_at, self.displays = [], [], []

    def trained(self, iteration, loss):
        assert iteration == len(self.losses) + 1
        self.losses.append(loss)
        self.heard_at.append(self.solver.iter)

    def tested(self, event):
        assert len(self.losses) == event.iteration

    def displayed(self, event):
        self.displays.append((event.iteration, event.loss, event.outputs, event.rate))


class Impatient(Patient):
    must_hear_at_once = True


def solver(reporter, more="", text=TEXT, keep="outputs"):
    given = re.findall(r"(\w+):", more)
    kept = [line for line in text.splitlines() if line.partition(":")[0] not in given]
    Path("solver.prototxt").write_text("\n".join([*kept, more]))
    made = netdef.get_solver("solver.prototxt", keep=keep, reporter=reporter)
    reporter.solver = made
    return made


MORE = """
    display: 2 test_interval: 3 test_iter: 2 snapshot: 4 snapshot_prefix: "s" max_iter: 9
    lr_policy: "exp" gamma: 0.9"""


@pytest.mark.parametrize(
    "more", ["", "iter_size: 2", MORE, "ema_decay: 0.9", "clip_gradients: 0.1"]
)
def test_what_is_learned_and_heard_is_the_same(more, gpu):
    found = []
    for kind in (Patient, Impatient):
        reporter = kind()
        mine = solver(reporter, more)
        mine.solve()
        found.append(
            (reporter.losses, reporter.displays, list(mine.losses), mine.watch.best_iter, mine.iter)
        )
        found[-1] += (mine.net.weights.data.get().tobytes(),)
        found[-1] += tuple(path.read_bytes() for path in sorted(Path().glob("s_iter_*")))
    assert found[0] == found[1]
    assert len(found[0][0]) == (9 if more == MORE else 6)
    assert len(found[0]) == (10 if more == MORE else 6)


def test_who_stops_a_run_gets_all_that_was_begun(gpu):
    reporter = Patient()
    mine = solver(reporter, 'snapshot_prefix: "s"')
    mine.step(2)
    mine.ask(Effect.STOP)
    mine.step(3)
    assert mine.iter == len(reporter.losses) == 3
    assert list(read_state("s_iter_3.solverstate").resume.losses) == list(mine.losses)


def test_the_next_iteration_is_begun_before_a_loss_is_looked_at(gpu, monkeypatch):
    reporter, heard = Patient(), []
    mine = solver(reporter)
    mine.step(2)
    forward, wait = Executor.forward, Reader._wait

    def noted(self, *arguments):
        heard.append("forward")
        forward(self, *arguments)

    monkeypatch.setattr(Executor, "forward", noted)
    monkeypatch.setattr(Reader, "_wait", lambda *a: heard.append("wait") or wait(*a))
    mine.step(4)
    assert heard == ["forward", *["forward", "wait"] * 3, "wait"]
    assert reporter.heard_at == [2, 2, 4, 5, 6, 6]


@pytest.mark.parametrize("display", [0, 1])
def test_a_displayed_loss_is_waited_for(display, gpu):
    reporter = Patient()
    solver(reporter, f"display: {display}").step(4)
    assert len(reporter.displays) == 4 * display
    assert reporter.heard_at == [2, 3, 4, 4]


def spoil(folder, blob, row, value):
    with h5py.File(folder / "rows.h5", "r+") as file:
        file[blob][row] = value


def diverged(kind, gpu):
    """Return the message of a run with a batch that is no number, and the solver behind it."""
    mine = solver(kind())
    with pytest.raises(Diverged) as caught:
        mine.step(6)
    return str(caught.value), mine


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_no_number_leaves_the_weights_as_they_were(value, gpu):
    spoil(gpu, "x", 17, value)  # in the third batch
    message, ahead = diverged(Patient, gpu)
    assert message == (
        "solver.prototxt: the loss is no longer a number at iteration 2, first in the top 'x' of"
        " layer 'data' (HDF5Data); lower base_lr (0.1) or set clip_gradients; there is no snapshot"
        " yet"
    )
    told, in_step = diverged(Impatient, gpu)
    assert (message, ahead.iter, list(ahead.losses)) == (told, in_step.iter, list(in_step.losses))
    ours, theirs = (s.net.weights.data.get() for s in (ahead, in_step))
    assert np.isfinite(ours).all()
    assert (ours == theirs).all()


def test_after_a_loss_that_was_no_number_it_can_go_on(gpu):
    spoil(gpu, "x", 17, np.nan)
    _, mine = diverged(Patient, gpu)
    before = mine.net.weights.data.get()
    mine.reporter = Reporter()
    mine.step(1)
    assert np.isfinite(mine.net.weights.data.get()).all()
    assert not (mine.net.weights.data.get() == before).all()


def test_a_wrong_label_is_told_with_its_layer(gpu):
    spoil(gpu, "label", 17, 3)
    ours, theirs = solver(Patient()), solver(Impatient())
    message = (
        "net.prototxt:13: layer 'loss' (SoftmaxWithLoss): label 3 (item 1 of the batch) is outside"
        " the 3 classes 0 to 2; correct the label, or the number of outputs below"
    )
    for each in (ours, theirs):
        with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
            each.step(6)
    assert (ours.net.weights.data.get() == theirs.net.weights.data.get()).all()


def test_a_loss_that_was_no_number_elsewhere_stops_nothing(gpu):
    mine = solver(Patient())
    mine.step(1)
    mine.replicas.forward()
    mine.net.executor.array(mine.net.plan.program.blobs["loss"]).fill(np.nan)
    mine.replicas._halt.watch()
    before = mine.net.weights.data.get()
    mine.step(1)
    assert not (mine.net.weights.data.get() == before).all()


@pytest.mark.parametrize(
    ("more", "is_ahead"),
    [
        ("", True),
        ('on_nan: "continue"', False),
        ('on_nan: "rollback"', False),
        ("patience: 3", False),
        ('lr_policy: "plateau" gamma: 0.5 plateau_winsize: 3', False),
        ('monitor: "accuracy" patience: 3 test_interval: 2 test_iter: 2', True),
    ],
)
def test_who_hangs_on_a_loss_waits_for_it(more, is_ahead, gpu):
    assert may_run_ahead(solver(Patient(), more)) == is_ahead


def test_who_must_hear_at_once_does(gpu):
    assert not may_run_ahead(solver(Impatient()))
    assert may_run_ahead(solver(Reporter()))
    assert not may_run_ahead(solver(SeveralReporters([Patient(), Impatient()])))
    assert may_run_ahead(solver(SeveralReporters([Patient(), Reporter()])))

    class Listens(Reporter):
        def trained(self, iteration, loss):
            pass

    assert not may_run_ahead(solver(Listens()))


def test_an_observer_is_waited_for(gpu):
    mine = solver(Patient())
    mine.net.executor.observer = object()
    assert not may_run_ahead(mine)


def test_losses_of_several_numbers_are_waited_for(gpu):
    text = (gpu / "net.prototxt").read_text()
    (gpu / "net.prototxt").write_text(text.replace('top: "ip2"', 'top: "ip2" loss_weight: 0.1'))
    assert not may_run_ahead(solver(Patient()))


def test_the_cpu_waits_for_itself(folder):
    assert not may_run_ahead(solver(Patient()))

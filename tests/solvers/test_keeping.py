"""What a run keeps: the last snapshots, the best weights, their average; and when it ends early."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from netdef.errors import ConfigError, RunError
from netdef.io.weights import read_weights
from netdef.solvers.reporter import Output, Reporter
from tests.solvers.test_solver import FILE, assert_equal, solver, weights

PREFIX = "snapshot_prefix: 's'"
TESTS = "test_iter: 1\ntest_interval: 2\nmonitor: 'accuracy'"
FORMATS = {"BINARYPROTO": "", "HDF5": ".h5"}


class Notes(Reporter):
    def __init__(self):
        self.heard = []

    def warned(self, message):
        self.heard.append(message)

    def settled(self, iteration, best_iter):
        self.heard.append((iteration, best_iter))

    def tested(self, event):
        self.heard.append(event.outputs[-1].value)


def files(pattern="s_*"):
    return {path.name for path in Path().glob(pattern)}


def named(iterations, ending="", kinds=("caffemodel", "solverstate")):
    return {f"s_iter_{i}.{kind}{ending}" for i in iterations for kind in kinds}


def in_file(path):
    return [blob for layer in read_weights(path).values() for blob in layer.blobs]


@pytest.mark.parametrize(("format", "ending"), FORMATS.items())
def test_the_last_snapshots_are_kept(folder, format, ending):
    Path("s_iter_99.solverstate").touch()
    Path("ss_iter_1.solverstate").touch()
    mine = solver(f"{PREFIX}\nsnapshot: 1\nkeep_snapshots: 2\nsnapshot_format: {format}")
    mine.solve()
    assert files() == named([5, 6], ending) | {"s_iter_99.solverstate"}
    assert files("ss_*") == {"ss_iter_1.solverstate"}


def test_averages_go_with_their_snapshots(folder):
    kinds = ("caffemodel", "solverstate", "ema.caffemodel")
    solver(f"{PREFIX}\nsnapshot: 1\nkeep_snapshots: 1\nema_decay: 0.9").solve()
    assert files() == named([6], kinds=kinds)


def test_a_snapshot_that_fails_removes_none(folder, monkeypatch):
    mine = solver(f"{PREFIX}\nsnapshot: 1\nkeep_snapshots: 1")
    mine.step(1)

    def fail(*_):
        raise RunError("no")

    monkeypatch.setattr("netdef.solvers.snapshotting.write_state", fail)
    mine.step(1)
    assert named([1]) <= files()


def scores(monkeypatch, *values):
    given = iter(values)

    def test(net, batches):
        return [Output("accuracy", next(given)), Output("loss", 1, 1)], 1

    monkeypatch.setattr("netdef.solvers.scoring.test", test)


@pytest.mark.parametrize(("format", "ending"), FORMATS.items())
def test_the_best_weights_are_kept(folder, monkeypatch, format, ending):
    scores(monkeypatch, 0.5, 0.7, 0.6, 0.7)
    mine = solver(f"{PREFIX}\n{TESTS}\nsnapshot_best: true\nsnapshot_format: {format}")
    mine.step(2)
    after_2 = weights(mine)
    assert_equal(in_file(f"s_best.caffemodel{ending}"), weights(solver()))
    mine.step(4)
    assert_equal(in_file(f"s_best.caffemodel{ending}"), after_2)
    assert files() == {f"s_best.caffemodel{ending}"}


def test_best_weights_that_cannot_be_written_do_not_end_the_training(folder, monkeypatch):
    mine = solver(f"{PREFIX}\n{TESTS}\nsnapshot_best: true", reporter=(notes := Notes()))

    def fail(*_):
        raise RunError("no room")

    monkeypatch.setattr(mine.net, "save", fail)
    mine.step(1)
    assert mine.iter == 1 and notes.heard[-1] == "no room; the training goes on"


def test_only_better_tests_are_kept_by_default(folder, monkeypatch):
    scores(monkeypatch, 0.5)
    solver(f"{PREFIX}\n{TESTS}").step(1)
    assert files() == set()


def test_training_ends_when_nothing_gets_better(folder, monkeypatch):
    scores(monkeypatch, 0.5, 0.7, 0.6, 0.7)  # the last one is not run again at the end
    notes = Notes()
    extra = f"{PREFIX}\n{TESTS}\npatience: 4\nsnapshot_after_train: true\nmax_iter: 20"
    mine = solver(extra, reporter=notes)
    mine.solve()
    assert mine.iter == 6 and (6, 2) in notes.heard
    assert files() == named([6])


def test_patience_with_the_training_loss(folder, monkeypatch):
    losses = iter([5, 4, 4, 4, 4, 4])
    monkeypatch.setattr("netdef.solvers.replicas.reading_loss", lambda net: losses.__next__)
    mine = solver("patience: 3\nmax_iter: 20")
    mine.step(20)
    assert mine.has_settled and mine.iter == 5


def test_without_patience_training_goes_on(folder, monkeypatch):
    scores(monkeypatch, *[0.5] * 4)
    mine = solver(TESTS)
    mine.step(6)
    assert not mine.has_settled and mine.iter == 6


def test_average_of_the_weights(folder):
    mine = solver("ema_decay: 0.75")
    expected = None
    for _ in range(4):
        mine.step(1)
        now = [w.astype(float) for w in weights(mine)]
        pairs = zip(expected or now, now, strict=True)
        expected = [0.75 * a + 0.25 * w for a, w in pairs]
    raw = weights(mine)
    with mine.average.in_place():
        for averaged, exact in zip(weights(mine), expected, strict=True):
            np.testing.assert_allclose(averaged, exact, rtol=1e-5, atol=1e-7)
    assert_equal(weights(mine), raw)


@pytest.mark.parametrize(("format", "ending"), FORMATS.items())
def test_snapshots_hold_both(folder, format, ending):
    mine = solver(f"{PREFIX}\nema_decay: 0.75\nsnapshot_format: {format}")
    mine.step(3)
    mine.snapshot()
    assert_equal(in_file(f"s_iter_3.caffemodel{ending}"), weights(mine))
    with mine.average.in_place():
        averaged = weights(mine)
    assert_equal(in_file(f"s_iter_3.ema.caffemodel{ending}"), averaged)
    mine.step(3)
    mine.snapshot()
    final = [Path(f"s_iter_6.{k}{ending}").read_bytes() for k in ("ema.caffemodel", "solverstate")]
    other = solver(f"{PREFIX}\nema_decay: 0.75\nsnapshot_format: {format}")
    other.restore(f"s_iter_3.solverstate{ending}")
    other.step(3)
    other.snapshot()
    assert final == [
        Path(f"s_iter_6.{k}{ending}").read_bytes() for k in ("ema.caffemodel", "solverstate")
    ]


def test_the_average_is_tested(folder):
    extra = "test_iter: 4\ntest_interval: 9"
    mine = solver(f"{extra}\nema_decay: 0.5", reporter=(notes := Notes()))
    mine.step(2)
    before = weights(mine)
    mine.test_all()
    assert_equal(weights(mine), before)

    plain = solver(extra, reporter=(plain_notes := Notes()))
    plain.test_all()  # as the first one did before its first iteration
    for weighed in (mine.average.in_place(), nullcontext()):
        with weighed:
            for blobs, others in zip(
                plain.net.params.values(), mine.net.params.values(), strict=True
            ):
                for blob, other in zip(blobs, others, strict=True):
                    blob.data[...] = other.data
        plain.test_nets[0].sources["data"].restore({"position": 24})
        plain.test_all()
    _, averaged, raw = plain_notes.heard
    assert notes.heard[-1] == averaged != raw


def test_average_of_a_state_of_caffe_begins_anew(folder):
    solver(PREFIX).snapshot()
    mine = solver(f"{PREFIX}\nema_decay: 0.5")
    mine.step(1)
    mine.restore("s_iter_0.solverstate")
    assert not mine.average.has_begun


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("ema_decay: 1", "ema_decay must be from 0 to below 1, got 1"),
        ("keep_snapshots: -1", "keep_snapshots must be at least 0, got -1"),
        ("patience: -1", "patience must be at least 0, got -1"),
        (
            "snapshot_best: true",
            "snapshot_best needs monitor, the output that says what is best",
        ),
    ],
)
def test_refusals(folder, extra, message):
    with pytest.raises(ConfigError) as error:
        solver(extra)
    assert str(error.value) == f"{FILE}: {message}"

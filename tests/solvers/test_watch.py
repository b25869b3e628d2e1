import pytest

from netdef.errors import ConfigError
from netdef.solvers.reporter import Output, Reporter
from netdef.solvers.watch import Watch
from tests.solvers.test_solver import FILE, solver

TESTS = "test_iter: 1\ntest_interval: 2"


@pytest.mark.parametrize(("is_maximized", "best"), [(False, [3, 1]), (True, [3, 4, 9])])
def test_better_values(is_maximized, best):
    watch = Watch(is_maximized)
    nan = float("nan")
    values = (nan, 3, 3, 4, 1, nan, 9)
    assert [v for i, v in enumerate(values) if watch.see(v, i)] == best
    assert (watch.best_value, watch.best_iter) == (best[-1], values.index(best[-1]))


def test_standstill():
    watch = Watch()
    watch.see(3, 10)
    assert watch.standstill(15) == 5
    watch.lowered_iter = 12
    assert watch.standstill(15) == 3


@pytest.mark.parametrize(
    ("extra", "is_maximized"),
    [
        ("", False),
        ("monitor: 'loss'", False),
        ("monitor: 'accuracy'", True),
        ("monitor: 'accuracy'\nmonitor_mode: 'min'", False),
        ("monitor: 'loss'\nmonitor_mode: 'max'", True),
    ],
)
def test_what_is_better(folder, extra, is_maximized):
    assert solver(f"{TESTS}\n{extra}").watch.is_maximized == is_maximized


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("monitor: 'loss'", "monitor 'loss' is of a test net, and no test is set"),
        (
            f"{TESTS}\nmonitor: 'acuracy'",
            "the test net has no output 'acuracy'; did you mean 'accuracy'?",
        ),
        (f"{TESTS}\nmonitor_mode: 'high'", "no monitor_mode 'high'; it is min or max"),
    ],
)
def test_refusals(folder, extra, message):
    with pytest.raises(ConfigError) as error:
        solver(extra)
    assert str(error.value) == f"{FILE}: {message}"


def test_output_of_several_numbers(folder):
    net = (folder / "net.prototxt").read_text()
    (folder / "net.prototxt").write_text(
        net.replace('top: "accuracy"', 'top: "accuracy" top: "each"')
    )
    with pytest.raises(ConfigError) as error:
        solver(f"{TESTS}\nmonitor: 'each'")
    assert str(error.value) == f"{FILE}: monitor 'each' has 3 numbers; choose an output of one"


class Rates(Reporter):
    """Writes down each iteration's rate, as a part of base_lr."""

    def __init__(self):
        self.seen = []

    def displayed(self, event):
        self.seen.append(round(event.rate / 0.1, 6))


def rates_of(extra, iterations):
    """Train with ``display: 1``."""
    rates = Rates()
    mine = solver(f"display: 1\n{extra}", reporter=rates)
    mine.step(iterations)
    return rates.seen


PLATEAU = "lr_policy: 'plateau'\ngamma: 0.5\nplateau_winsize: [2, 3]"


def test_plateau_of_the_training_loss(folder, monkeypatch):
    losses = iter([5, 4, 4, 4, 3, 3, 3, 3, 3, 3])
    monkeypatch.setattr("netdef.solvers.replicas.reading_loss", lambda net: losses.__next__)
    assert rates_of(PLATEAU, 10) == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_plateau_of_the_smoothed_loss(folder, monkeypatch):
    losses = iter([4, 2, 3, 0, 3, 3])  # means of two: 4, 3, 2.5, 1.5, 1.5, 3
    monkeypatch.setattr("netdef.solvers.replicas.reading_loss", lambda net: losses.__next__)
    extra = PLATEAU.replace("[2, 3]", "2")
    assert rates_of(f"{extra}\naverage_loss: 2", 6) == [1, 1, 1, 1, 1, 0.5]


def test_plateau_of_a_test(folder, monkeypatch):
    scores = iter([0.5, 0.6, 0.6, 0.7, 0.6])

    def test(net, batches):
        return [Output("accuracy", next(scores)), Output("loss", 1, 1)], 1

    monkeypatch.setattr("netdef.solvers.scoring.test", test)
    extra = f"{PLATEAU}\n{TESTS}\nmonitor: 'accuracy'"
    assert rates_of(extra, 10) == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert next(scores, None) is None

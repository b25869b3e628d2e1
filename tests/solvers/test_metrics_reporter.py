import json
import re

import pytest

from netdef.errors import RunError
from netdef.solvers.metrics_reporter import MetricsReporter
from netdef.solvers.reporter import Displayed, Output, Scores, Started
from tests.solvers.test_solver import solver


class Clock:
    def __init__(self):
        self.now = 5.0

    def __call__(self):
        self.now += 0.5
        return self.now


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_each_event_becomes(tmp_path):
    path = tmp_path / "m.jsonl"
    reporter = MetricsReporter(path, clock=Clock())
    reporter.restored("a.solverstate", 40)
    reporter.started(Started("LeNet", "inv", 40, 100, 64))
    reporter.displayed(Displayed(50, 0.5, [Output("loss", 0.25, 1.0)], 0.01, 2.0, 10, 10))
    outputs = [Output("acc", 0.5), Output("each", 0.25), Output("each", 0.75)]
    reporter.tested(Scores(50, 1, outputs, 2.0))
    reporter.trained(51, 0.4)
    reporter.warned("careful")
    reporter.snapshotting("a.caffemodel")
    reporter.displayed(Displayed(60, float("nan")))
    reporter.settled(60, 30)
    reporter.stopped(60)
    reporter.finished()
    restored, start, train, *others = lines(path)
    assert restored == {
        "event": "restore",
        "iteration": 40,
        "seconds": 0.5,
        "path": "a.solverstate",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", start.pop("time"))
    assert start == {
        "event": "start",
        "iteration": 40,
        "seconds": 0.5,
        "net": "LeNet",
        "lr_policy": "inv",
        "max_iter": 100,
        "batch": 64,
    }
    assert train == {
        "event": "train",
        "iteration": 50,
        "seconds": 1.0,
        "loss": 0.5,
        "outputs": {"loss": 0.25},
        "lr": 0.01,
        "iterations_per_second": 5.0,
        "images_per_second": 320.0,
    }
    assert others == [
        {
            "event": "test",
            "iteration": 50,
            "seconds": 1.5,
            "net": 1,
            "outputs": {"acc": 0.5, "each": [0.25, 0.75]},
            "loss": 2.0,
        },
        {"event": "warning", "iteration": 51, "seconds": 2.0, "message": "careful"},
        {"event": "snapshot", "iteration": 51, "seconds": 2.5, "path": "a.caffemodel"},
        {"event": "train", "iteration": 60, "seconds": 3.0, "loss": None, "outputs": {}},
        {"event": "settled", "iteration": 60, "seconds": 3.5, "best_iteration": 30},
        {"event": "stop", "iteration": 60, "seconds": 4.0},
        {"event": "end", "iteration": 60, "seconds": 4.5},
    ]


def test_a_run_anew_begins_the_file_anew_and_one_that_goes_on_appends(folder):
    path = folder / "m.jsonl"
    for appends, count in ((False, 1), (True, 2), (False, 1)):
        solver("max_iter: 1", reporter=MetricsReporter(path, appends)).solve()
        assert [line["event"] for line in lines(path)] == ["start", "end"] * count


def test_a_file_that_cannot_be_written(tmp_path):
    path = tmp_path / "nowhere/m.jsonl"
    message = f"{path}: its folder does not exist; make {path.parent} first"
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        MetricsReporter(path)


def test_a_full_disk():
    reporter = MetricsReporter("/dev/full")
    message = "/dev/full: the disk is full; nothing was written under that name"
    with pytest.raises(RunError, match=f"^{message}$"):
        reporter.finished()

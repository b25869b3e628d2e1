import io
import re

import pytest

from netdef.solvers.log_reporter import LogReporter
from netdef.solvers.reporter import Displayed, Output, Scores, Started
from tests.solvers.test_solver import solver

GLOG = re.compile(r"I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ solver\.cpp:\d+\] (.*)")
OUTPUTS = [Output("accuracy", 0.97), Output("loss", 0.21, 0.5)]


def lines(*events):
    stream = io.StringIO()
    reporter = LogReporter(stream)
    for name, *arguments in events:
        getattr(reporter, name)(*arguments)
    return [GLOG.fullmatch(line)[1] for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            ("started", Started("LeNet", "inv", 0, 100, 64)),
            ["Solving LeNet", "Learning Rate Policy: inv"],
        ),
        (
            ("started", Started("LeNet", "inv", 0, 94, 64, 2000)),
            [
                "Solving LeNet",
                "Learning Rate Policy: inv",
                "Epochs of 2000 records, 64 an iteration: max_iter 94 is epoch 3.008",
            ],
        ),
        (
            ("displayed", Displayed(100, 0.21, OUTPUTS, 0.00992565, 0.4, 100, 100)),
            [
                "Iteration 100 (250 iter/s, 0.4s/100 iters), loss = 0.21",
                "    Train net output #0: accuracy = 0.97",
                "    Train net output #1: loss = 0.21 (* 0.5 = 0.105 loss)",
                "Iteration 100, lr = 0.00992565",
            ],
        ),
        (("displayed", Displayed(100, 1e-7)), ["Iteration 100, loss = 1e-07"]),
        (("testing", 500, 1), ["Iteration 500, Testing net (#1)"]),
        (
            ("tested", Scores(500, 0, OUTPUTS, 0.105)),
            [
                "Test loss: 0.105",
                "    Test net output #0: accuracy = 0.97",
                "    Test net output #1: loss = 0.21 (* 0.5 = 0.105 loss)",
            ],
        ),
        (("snapshotting", "a.caffemodel"), ["Snapshotting to binary proto file a.caffemodel"]),
        (("snapshotting", "a.caffemodel.h5"), ["Snapshotting to HDF5 file a.caffemodel.h5"]),
        (
            ("snapshotting", "a.solverstate"),
            ["Snapshotting solver state to binary proto file a.solverstate"],
        ),
        (
            ("snapshotting", "a.solverstate.h5"),
            ["Snapshotting solver state to HDF5 file a.solverstate.h5"],
        ),
        (
            ("restored", "a.solverstate", 5),
            ["Restoring previous solver status from a.solverstate"],
        ),
        (("noted", "    [Forward] Layer a"), ["    [Forward] Layer a"]),
        (("finished",), ["Optimization Done."]),
    ],
)
def test_wording(event, said):
    assert lines(event) == said


def test_the_epoch_stands_behind_the_rate():
    said = lines(
        ("started", Started("LeNet", "inv", 0, 94, 64, 2000)),
        ("displayed", Displayed(50, 1, [], 0.1)),
    )
    assert said[-2:] == ["Iteration 50, lr = 0.1", "Iteration 50, epoch = 1.6"]


def test_a_run_reads_as_caffes_own_parser_reads_it(folder):
    stream = io.StringIO()
    extra = "display: 2\ntest_iter: 1\ntest_interval: 3\nmax_iter: 4\nbase_lr: 1e-5"
    solver(extra, reporter=LogReporter(stream)).solve()
    iteration, train, test, rates = None, [], [], []
    for line in stream.getvalue().splitlines():
        if match := re.search(r"Iteration (\d+)", line):
            iteration = int(match[1])
        if match := re.search(r"Train net output #(\d+): (\S+) = ([\.\deE+-]+)", line):
            train.append((iteration, match[2]))
        if match := re.search(r"Test net output #(\d+): (\S+) = ([\.\deE+-]+)", line):
            test.append((iteration, match[1], match[2]))
        if match := re.search(r"lr = ([-+]?[0-9]*\.?[0-9]+([eE]?[-+]?[0-9]+)?)", line):
            rates.append(float(match[1]))
    assert train == [(0, "loss"), (2, "loss")]
    assert test == [(i, n, name) for i in (0, 3) for n, name in (("0", "accuracy"), ("1", "loss"))]
    assert rates == [1e-5, 1e-5]

import json
import re
from pathlib import Path

import pytest

from netdef.errors import DataError, MissingFile
from netdef.solvers.curves import Curves
from netdef.solvers.reading_runs import read_run, read_runs

CAFFE = """\
Log file created at: 2014/12/31 23:59:00
I1231 23:59:50.000000  1234 caffe.cpp:99] Use CPU.
I1231 23:59:58.500000  1234 solver.cpp:160] Solving LeNet
I1231 23:59:58.600000  1234 solver.cpp:247] Iteration 0, Testing net (#0)
I1231 23:59:59.000000  1234 solver.cpp:298]     Test net output #0: accuracy = 0.1
I1231 23:59:59.000000  1234 solver.cpp:298]     Test net output #1: loss = 2.5 (* 1 = 2.5 loss)
I1231 23:59:59.500000  1234 solver.cpp:191] Iteration 0, loss = 2.4
I1231 23:59:59.500000  1234 solver.cpp:206]     Train net output #0: loss = 2.3 (* 1 = 2.3 loss)
I1231 23:59:59.500000  1234 solver.cpp:403] Iteration 0, lr = 0.01
I0101 00:00:08.500000  1234 solver.cpp:218] Iteration 100 (50 iter/s, 2s/100 iters), loss = nan
I0101 00:00:08.500000  1234 solver.cpp:237]     Train net output #0: loss = 1.5 (* 1 = 1.5 loss)
I0101 00:00:08.500000  1234 sgd_solver.cpp:105] Iteration 100, lr = 1e-3, m = 0.9
I0101 00:00:09.500000  1234 solver.cpp:330] Iteration 100, Testing net (#1)
I0101 00:00:09.500000  1234 solver.cpp:397]     Test net output #0: acc = 0.5
I0101 00:00:09.500000  1234 solver.cpp:397]     Test net output #1: acc = 0.75
"""


def log(tmp_path, text=CAFFE, name="lenet.log"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_log_of_caffe(tmp_path):
    run = read_run(log(tmp_path))
    assert run.name == "lenet"
    first, second = run.train
    assert (first.iteration, first.seconds, first.loss) == (0, 1.0, 2.4)
    assert first.outputs == {"loss": 2.3}
    assert (second.iteration, second.seconds, second.outputs) == (100, 10.0, {"loss": 1.5})
    assert second.loss != second.loss
    (test,) = run.tests[0]
    assert (test.iteration, test.seconds) == (0, pytest.approx(0.1))
    assert test.outputs == {"accuracy": 0.1, "loss": 2.5}
    assert run.tests[1][0].outputs == {"acc": 0.5, "acc_1": 0.75}
    assert run.rates == {0: 0.01, 100: 0.001}


def test_a_log_with_years(tmp_path):
    run = read_run(log(tmp_path, re.sub(r"^I(\d{4}) ", r"I2025\1 ", CAFFE, flags=re.MULTILINE)
                       .replace("I20250101", "I20260101")))  # fmt: skip
    assert [row.seconds for row in run.train] == [1.0, 10.0]


def test_a_metrics_file(tmp_path):
    events = [
        {"event": "start", "iteration": 0, "seconds": 0},
        {"event": "test", "iteration": 0, "seconds": 1, "net": 0, "outputs": {"acc": [0.1, 0.2]}},
        {"event": "train", "iteration": 0, "seconds": 2, "loss": 3.0, "lr": 0.5,
         "outputs": {"loss": 2.0}},
        {"event": "train", "iteration": 4, "seconds": 3, "loss": None, "outputs": {"loss": None}},
    ]  # fmt: skip
    path = log(tmp_path, "".join(json.dumps(e) + "\n" for e in events), "r.metrics.jsonl")
    run = read_run(path)
    assert (run.name, run.rates) == ("r", {0: 0.5})
    assert run.tests[0][0].outputs == {"acc": 0.1, "acc_1": 0.2}
    assert (run.train[0].loss, run.train[0].outputs, run.train[0].seconds) == (3, {"loss": 2}, 2)
    assert run.train[1].loss != run.train[1].loss


def test_a_run_that_went_on_has_each_iteration_once():
    run = Curves("r")
    for iteration, seconds in ((0, 0.0), (10, 1.0), (20, 2.0), (10, 3.0), (30, 4.0)):
        run.train_row(iteration, seconds)
    assert [(row.iteration, row.seconds) for row in run.train] == [(0, 0), (10, 3), (30, 4)]


def test_the_rate_of_an_iteration():
    run = Curves("r", rates={10: 0.1, 20: 0.2})
    assert [run.rate_at(i) for i in (0, 10, 15, 20, 99)] == [0.1, 0.1, 0.1, 0.2, 0.2]
    nothing = Curves("r").rate_at(1)
    assert nothing != nothing


def test_runs_that_are_called_the_same_are_called_by_their_paths(tmp_path):
    (tmp_path / "a").mkdir()
    paths = [str(log(tmp_path)), str(log(tmp_path, name="a/lenet.log"))]
    assert [run.name for run in read_runs(paths)] == paths
    paths[1] = str(Path(paths[1]).rename(tmp_path / "b.log"))
    assert [run.name for run in read_runs(paths)] == ["lenet", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": has no loss and no test of a run; give a log or a .metrics.jsonl"),
        ("hello\n", ": has no loss and no test of a run; give a log or a .metrics.jsonl"),
        ('{"event": "start"}\n{"ev', ":2: is no line of a metrics file; remove it"),
        ('{"event": "train"}\n', ":1: is no line of a metrics file; remove it"),
        ('{"a": 1}\n', ":1: is no line of a metrics file; remove it"),
        ('{"event": "start"}\n[1]\n', ":2: is no line of a metrics file; remove it"),
        (
            "I0101 00:00:00.000000 1 a.cpp:1] Iteration 0, loss = much\n",
            ": has no loss and no test of a run; give a log or a .metrics.jsonl",
        ),
    ],
)
def test_what_is_no_run(tmp_path, text, message):
    path = log(tmp_path, text)
    with pytest.raises(DataError, match=f"^{re.escape(f'{path}{message}')}$"):
        read_run(path)


def test_a_file_that_is_not_there():
    with pytest.raises(MissingFile, match=r"^no\.log: no such file or folder$"):
        read_run("no.log")

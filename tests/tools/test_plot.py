"""``netdef plot``, ``netdef log parse`` and ``netdef lr-find``: curves and tables of runs."""

import re

import cv2
import pytest

from .editing import edit


@pytest.fixture
def run(digits, netdef):
    """A run of 20 iterations, with its log and its metrics."""
    edit(digits / "digits_solver.prototxt", ("display: 100", "display: 5"))
    ran = netdef("train", "--solver", "digits_solver.prototxt", "--log", "run.log", "max_iter=20")
    assert ran.status == 0
    return digits


def test_runs_in_one_picture(run, netdef):
    ran = netdef("plot", "log", "run.log", "digits.metrics.jsonl", "-o", "a.png")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote a.png\n", "")
    assert cv2.imread("a.png") is not None


def test_a_schedule(run, netdef):
    ran = netdef("plot", "lr", "digits_solver.prototxt", "lr_policy=cosine", "-o", "a.svg")
    assert (ran.status, ran.out) == (0, "Wrote a.svg\n")
    assert "<!-- lr_policy: cosine -->" in (run / "a.svg").read_text()


def test_a_schedule_without_an_end(run, netdef):
    edit(run / "digits_solver.prototxt", ("max_iter: 1000", ""))
    ran = netdef("plot", "lr", "digits_solver.prototxt", "lr_policy=fixed", "-o", "a.svg")
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: digits_solver.prototxt: neither max_iter nor max_epoch is set; one says"
        " when it ends\n",
    )


def test_tables(run, netdef):
    ran = netdef("log", "parse", "run.log")
    assert (ran.status, ran.out) == (0, "Wrote run.log.train\nWrote run.log.test\n")
    lines = (run / "run.log.train").read_text().splitlines()
    assert lines[0] == "NumIters,Seconds,LearningRate,loss"
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "5", "10", "15"]
    metrics = netdef("log", "parse", "digits.metrics.jsonl", ".")
    assert metrics.status == 0
    of_metrics = (run / "digits.metrics.jsonl.train").read_text().splitlines()
    for mine, theirs in zip(lines[1:], of_metrics[1:], strict=True):
        rows = [[float(cell) for cell in line.split(",")] for line in (mine, theirs)]
        assert rows[0][2:] == pytest.approx(rows[1][2:], rel=1e-4)


def test_a_file_that_is_no_run(run, netdef):
    ran = netdef("plot", "log", "digits_solver.prototxt", "-o", "a.png")
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: digits_solver.prototxt: has no loss and no test of a run; give a log or a"
        " .metrics.jsonl\n",
    )


def test_a_rate_is_found(digits, netdef):
    command = ("lr-find", "--solver", "digits_solver.prototxt", "--iterations", "40")
    before = {path.name for path in digits.iterdir()}
    ran = netdef(*command, "--from", "1e-4", "--to", "10", "random_seed=1", "-o", "a.png")
    assert (ran.status, ran.err) == (0, "")
    found = re.fullmatch(r"Wrote a\.png\nbase_lr: (\S+)\n", ran.out)
    assert found
    assert 1e-3 < float(found[1]) < 1
    assert {path.name for path in digits.iterdir()} == before | {"a.png"}


def test_no_rate_is_found(digits, netdef):
    command = ("lr-find", "--solver", "digits_solver.prototxt", "--iterations", "20")
    ran = netdef(*command, "--from", "1e9", "--to", "1e10", "random_seed=1", "-o", "a.png")
    assert ran.status == 1
    assert ran.err == ("netdef: error: the loss did not fall at any of these rates; try others\n")


@pytest.mark.parametrize(
    ("file", "status", "message"),
    [
        ("a.gif", 2, "a.gif: pictures end in .png, .svg, .pdf; choose one of them"),
        ("no/a.png", 1, "no/a.png: its folder does not exist; make no first"),
    ],
)
def test_a_picture_that_cannot_be_is_found_before_the_sweep(digits, netdef, file, status, message):
    ran = netdef("lr-find", "--solver", "digits_solver.prototxt", "net.conv1.type=No", "-o", file)
    assert (ran.status, ran.err) == (status, f"netdef: error: {message}\n")

"""``netdef train``: from a solver's text to weights."""

import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from netdef.data.convert_mnist import convert_mnist
from netdef.io.weights import read_weights

from .editing import edit

LOG = r"^I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \S+:\d+\] "


@pytest.fixture
def train(digits, netdef):
    """Train the digits for 6 iterations."""
    edit(
        digits / "digits_solver.prototxt",
        ("max_iter: 1000", "max_iter: 6 random_seed: 7"),
        ("display: 100", "display: 2"),
        ("test_interval: 100", "test_interval: 3"),
    )
    return lambda *options: netdef("train", "--solver", "digits_solver.prototxt", *options)


def blobs(path) -> np.ndarray:
    layers = read_weights(path).values()
    return np.concatenate([np.ravel(blob) for layer in layers for blob in layer.blobs])


def test_a_run_leaves_weights_and_a_log(train, digits):
    ran = train()
    assert (ran.status, ran.out) == (0, "")
    assert all(re.match(LOG, line) for line in ran.err.splitlines())
    assert sorted(p.name for p in digits.glob("*_iter_*")) == [
        "digits_iter_6.caffemodel",
        "digits_iter_6.solverstate",
    ]


def test_options_in_caffe_s_form(train, netdef):
    assert train().status == 0
    assert netdef("train", "-solver=digits_solver.prototxt").status == 0
    ran = netdef("train", "-solver", "digits_solver.prototxt", "-snapshot", "nope.solverstate")
    assert (ran.status, ran.err) == (2, "netdef: error: nope.solverstate: no such file or folder\n")


def test_weights_to_begin_from(train, digits):
    assert train().status == 0
    before = blobs("digits_iter_6.caffemodel")
    edit(
        digits / "digits_solver.prototxt",
        ("max_iter: 6", "max_iter: 0"),
        ('lr_policy: "poly"', 'lr_policy: "fixed"'),
    )
    ran = train("--weights", "digits_iter_6.caffemodel")
    assert ran.status == 0
    assert ran.err.startswith("digits_iter_6.caffemodel: 4 layers loaded\n")
    np.testing.assert_array_equal(blobs("digits_iter_0.caffemodel"), before)


def test_a_snapshot_to_go_on_from(train, digits):
    assert train().status == 0
    edit(digits / "digits_solver.prototxt", ("max_iter: 6", "max_iter: 8"))
    ran = train("--snapshot", "digits_iter_6.solverstate")
    assert ran.status == 0
    assert "] Restoring previous solver status from digits_iter_6.solverstate\n" in ran.err
    assert re.search(r"\] Iteration 6 \(.*\), loss = ", ran.err)
    assert "] Iteration 0" not in ran.err
    assert (digits / "digits_iter_8.caffemodel").exists()


def test_weights_and_a_snapshot_exclude_each_other(train):
    ran = train("--weights", "w.caffemodel", "--snapshot", "s.solverstate")
    assert ran.status == 2
    assert ran.err.endswith(
        "\nError: give --weights to begin from, or --snapshot to go on from, not both\n"
    )


def test_a_terminal_gets_a_bar(train, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    ran = train()
    assert ran.status == 0
    assert "] 6/6  loss " in ran.err
    assert "test net #0: accuracy = " in ran.err


def test_a_loss_that_is_no_number_ends_the_run(train, digits):
    edit(digits / "digits_solver.prototxt", ("base_lr: 0.02", "base_lr: 1e30"))
    ran = train()
    assert ran.status == 1
    assert re.fullmatch(
        r"netdef: error: digits_solver.prototxt: the loss is no longer a number at iteration \d+,"
        r" first in the [\w ']+ of layer '\w+' \(\w+\); lower base_lr \(1e\+30\) or set"
        r" clip_gradients; there is no snapshot yet",
        ran.err.splitlines()[-1],
    )
    assert not list(digits.glob("*_iter_*"))


@pytest.fixture
def endless(digits):
    """A run in a process of its own, that has begun and takes too long to wait for."""
    edit(digits / "digits_solver.prototxt", ("max_iter: 1000", "max_iter: 1000000"))
    command = [sys.executable, "-m", "netdef", "train", "--solver", "digits_solver.prototxt"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=digits)
    assert process.stderr
    for line in process.stderr:
        if "Iteration 0, lr" in line:
            break
    yield process
    process.kill()
    process.wait()
    process.stderr.close()


def test_an_interrupt_writes_a_snapshot_and_stops(endless, digits, netdef):
    endless.send_signal(signal.SIGINT)
    last = endless.communicate(timeout=60)[1].splitlines()[-1]
    assert endless.returncode == 130
    (state,) = digits.glob("*.solverstate")
    assert last == f"stopped; go on with --snapshot {state.name}"
    iteration = re.sub(r"\D", "", state.name)
    edit(
        digits / "digits_solver.prototxt",
        ("max_iter: 1000000", f"max_iter: {int(iteration) + 1}"),
        ('lr_policy: "poly"', 'lr_policy: "fixed"'),
    )
    assert netdef("train", "--solver", "digits_solver.prototxt", "--snapshot", state).status == 0


def test_a_hang_up_writes_a_snapshot_and_goes_on(endless, digits):
    endless.send_signal(signal.SIGHUP)
    for line in endless.stderr:
        if "Snapshotting solver state" in line:
            break
    assert endless.stderr.readline()  # it goes on
    assert endless.poll() is None
    assert len(list(digits.glob("*.solverstate"))) == 1


def test_lenet_on_mnist_with_a_log_that_caffe_s_readers_can_read(
    netdef, shared, tmp_path, pytestconfig
):
    convert_mnist(shared / "data" / "mnist", tmp_path / "examples" / "mnist")
    configs = pytestconfig.rootpath / "configs" / "mnist"
    text = (configs / "lenet_solver.prototxt").read_text()
    (tmp_path / "solver.prototxt").write_text(text)
    edit(
        tmp_path / "solver.prototxt",
        ("configs/mnist", str(configs)),
        ("max_iter: 10000", "max_iter: 20 random_seed: 1"),
        ("test_iter: 100", "test_iter: 5"),
        ("test_interval: 500", "test_interval: 10"),
        ("display: 100", "display: 5"),
    )
    ran = netdef("train", "--solver", "solver.prototxt")
    assert ran.status == 0
    iterations, train, test, rates = parse_log(ran.err)
    assert iterations == [0, 0, 5, 10, 10, 15, 20, 20]
    assert [name for name, _ in train] == ["loss"] * 4
    assert [name for name, _ in test] == ["accuracy", "loss"] * 3
    assert rates == pytest.approx(
        [0.01 * (1 + 1e-4 * i) ** -0.75 for i in (0, 5, 10, 15)], rel=1e-5
    )
    losses = [float(value) for name, value in test if name == "loss"]
    assert losses[0] > 2 > losses[-1]


def parse_log(text: str):
    """Read a log with the patterns of Caffe's own reader."""
    iteration = re.compile(r"Iteration (\d+)(?: \(|, Testing|, loss)")
    train = re.compile(r"Train net output #\d+: (\S+) = ([.\deE+-]+)")
    test = re.compile(r"Test net output #\d+: (\S+) = ([.\deE+-]+)")
    rate = re.compile(r"lr = ([-+]?[0-9]*\.?[0-9]+([eE]?[-+]?[0-9]+)?)")
    return (
        [int(i) for i in iteration.findall(text)],
        train.findall(text),
        test.findall(text),
        [float(r) for r, _ in rate.findall(text)],
    )

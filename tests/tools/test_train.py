"""``netdef train``: from a solver's text to weights."""

import json
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from netdef.data.convert_mnist import convert_mnist
from netdef.io.weights import read_weights
from netdef.prototxt import read_net, read_solver

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
    assert "] 6/6  epoch 0.27  loss " in ran.err
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


def test_the_files_beside_the_snapshots(train, digits):
    assert train("base_lr=0.5", "net.conv1.lr_mult=0").status == 0
    solver, net = read_solver("digits.solver.prototxt"), read_net("digits.net.prototxt")
    assert (solver.base_lr, solver.net) == (0.5, "digits.net.prototxt")
    (conv1,) = (layer for layer in net.net.layer if layer.name == "conv1")
    assert [spec.lr_mult for spec in conv1.param] == [0, 0]
    events = [
        json.loads(line) for line in (digits / "digits.metrics.jsonl").read_text().splitlines()
    ]
    assert [e["event"] for e in events] == [
        *("start", "test", "train", "train", "test", "train", "snapshot", "snapshot"),
        *("train", "test", "end"),
    ]
    rates = [e["lr"] for e in events if "lr" in e]
    assert rates == pytest.approx([0.5 * (1 - i / 6) for i in (0, 2, 4)])


def test_files_of_other_names(train, digits):
    ran = train("--metrics", "m.jsonl", "--log", "l.txt", "--tensorboard", "tb")
    assert ran.status == 0
    assert not (digits / "digits.metrics.jsonl").exists()
    assert (digits / "m.jsonl").read_text().startswith('{"event": "start", "iteration": 0,')
    said = [line.split("] ", 1)[1] for line in (digits / "l.txt").read_text().splitlines()]
    shown = [line.split("] ", 1)[1] for line in ran.err.splitlines()]
    assert said == shown
    assert any((digits / "tb").iterdir())


def test_a_run_that_goes_on_adds_to_its_files(train, digits):
    assert train("--log", "log").status == 0
    assert train("--log", "log", "--snapshot", "auto", "max_iter=8").status == 0
    text = (digits / "digits.metrics.jsonl").read_text()
    assert text.count('"event": "start"') == 2
    assert (digits / "log").read_text().count("Solving ") == 2


def test_auto_begins_where_there_is_no_snapshot(train):
    ran = train("--snapshot", "auto")
    assert ran.status == 0
    assert "] Iteration 0 (" in ran.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("base_lrr=1", "base_lrr=1: SolverParameter has no field 'base_lrr'; did you mean"
         " 'base_lr'?"),
        ("net.conv3.lr_mult=0", "net.conv3.lr_mult=0: the net has no layer or field 'conv3'; did"
         " you mean 'conv2'?"),
        ("base_lr", "'base_lr' changes no field; write field=value, such as base_lr=0.005"),
    ],
)  # fmt: skip
def test_changes_that_cannot_be(train, change, message):
    ran = train(change)
    assert (ran.status, ran.err) == (2, f"netdef: error: {message}\n")


def test_a_dry_run_prints_and_writes_nothing(train, digits):
    before = sorted(digits.iterdir())
    ran = train("--dry-run", "base_lr=0.25", "net.conv1.convolution_param.num_output=16")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("# digits.solver.prototxt\n")
    assert "\nbase_lr: 0.25\n" in ran.out
    assert "\n    num_output: 16\n" in ran.out
    assert re.search(r"\n# net to train\nlayer .*\nconv1 +Convolution +\(64, 16, 8, 8\)", ran.out,
                     re.DOTALL)  # fmt: skip
    assert "\n# net to test #0\n" in ran.out
    assert re.search(r"\nhistory  [\d,]+ bytes that solver type SGD keeps\n$", ran.out)
    assert sorted(digits.iterdir()) == before


def test_debug_info(train):
    ran = train("--debug-info")
    assert ran.status == 0
    assert len(re.findall(r"\]     \[Update\] Layer ip1, param 0 data: ", ran.err)) == 3
    assert train("--debug-info", "display=0").err.endswith(
        "\nError: --debug-info prints when the loss is displayed; set display=N\n"
    )


def test_profile(train, digits):
    ran = train("--profile", "p.json")
    assert ran.status == 0
    assert re.search(r"\n4 iterations +type +forward ms +backward ms +both ms\n", ran.err)
    assert json.loads((digits / "p.json").read_text())["traceEvents"]
    assert train("--profile", "p.json", "debug_info=true").err.endswith(
        "\nError: debug_info would be in the times of --profile; leave out one\n"
    )


@pytest.mark.parametrize(
    ("option", "file", "reason"),
    [
        ("--log", "no/f", "its folder does not exist; make no first"),
        ("--metrics", "no/f", "its folder does not exist; make no first"),
        ("--profile", "no/f", "its folder does not exist; make no first"),
        ("--tensorboard", "digits_solver.prototxt", "cannot be written (Not a directory)"),
    ],
)
def test_files_that_cannot_be_written_are_found_before_training(
    train, digits, option, file, reason
):
    ran = train(option, file)
    assert (ran.status, ran.err) == (1, f"netdef: error: {file}: {reason}\n")
    assert not list(digits.glob("*_iter_*"))


def test_on_nan(train, digits):
    assert train("--on-nan", "rollback").status == 0
    assert read_solver("digits.solver.prototxt").on_nan == "rollback"


def test_an_interrupt_that_only_takes_a_snapshot(digits):
    command = [sys.executable, "-m", "netdef", "train", "--solver", "digits_solver.prototxt"]
    command += ["--sigint-effect", "snapshot", "--sighup-effect", "stop", "max_iter=1000000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=digits) as process:
        assert process.stderr
        for line in process.stderr:
            if "Iteration 0, lr" in line:
                process.send_signal(signal.SIGINT)
            if "Snapshotting solver state" in line:
                break
        process.send_signal(signal.SIGHUP)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "stopped; go on with --snapshot digits_iter_" in rest

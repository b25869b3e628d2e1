"""Every file under configs/ runs as it is, on images of the right size."""

import math
from pathlib import Path

import numpy as np
import pytest

from netdef.data.convert_text import convert_text
from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.io.blobs import write_blob
from netdef.prototxt import read_net, read_solver
from netdef.solvers.solver import Solver

ROOT = Path(__file__).resolve().parents[2]
SOLVERS = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "configs").rglob("*solver*.prototxt"))
LEARNED = {
    "LeNet": 431_080,
    "CIFAR10_quick": 145_578,
    "CIFAR10_full": 89_578,
    "char_lstm": 65 * 64 + 4 * 256 * (64 + 256 + 1) + 65 * 257,
}


def write_images(path, shape, count=100):
    random = np.random.default_rng(0)
    with LmdbWriter(path) as database:
        for i in range(count):
            pixels = random.integers(0, 256, shape, dtype=np.uint8)
            database.put(b"%08d" % i, encode(pixels, i % 10, says_encoded=False))


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder with configs/ and small databases where the configurations look for them."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "configs").symlink_to(ROOT / "configs")
    for name, shape in (("mnist", (1, 28, 28)), ("cifar10", (3, 32, 32))):
        (folder / "examples" / name).mkdir(parents=True)
        for part in ("train", "test"):
            write_images(folder / "examples" / name / f"{name}_{part}_lmdb", shape)
    mean = np.full((1, 3, 32, 32), 120, np.float32)
    write_blob(folder / "examples" / "cifar10" / "mean.binaryproto", mean)
    text = folder / "text.txt"
    text.write_text("".join(map(chr, range(65, 130))) * 100)
    convert_text(text, folder / "examples" / "char_lstm")
    return folder


@pytest.fixture
def checkout(data, monkeypatch):
    monkeypatch.chdir(data)


def test_there_is_a_solver_for_every_phase():
    assert [Path(s).stem for s in SOLVERS] == [
        "char_lstm_solver",
        "cifar10_full_solver",
        "cifar10_full_solver_lr1",
        "cifar10_full_solver_lr2",
        "cifar10_quick_solver",
        "cifar10_quick_solver_lr1",
        "lenet_solver",
    ]


@pytest.mark.parametrize("path", SOLVERS)
def test_the_solver_trains_and_tests(path, checkout):
    param = read_solver(path)
    param.test_iter[:] = [1]
    param.random_seed = 1
    solver = Solver(param, path, keep="outputs")
    before = solver.net.weights.data.copy()
    try:
        solver.step(2)
    finally:
        for net in (solver.net, *solver.test_nets):
            net.close()
    learned = [p.weight for p in solver.net.shapes.owners if p.is_learned]
    assert sum(math.prod(w.shape) for w in learned) == LEARNED[solver.net.name]
    assert solver.iter == 2
    assert not np.array_equal(before, solver.net.weights.data)
    is_text = solver.net.name == "char_lstm"
    assert solver.test_nets[0].outputs == (["bits"] if is_text else ["accuracy", "loss"])


@pytest.mark.parametrize("path", SOLVERS)
def test_every_file_says_how_to_run_it(path):
    solver = (ROOT / path).read_text()
    assert solver.startswith("# ")
    assert f"netdef train --solver {path}" in solver
    assert (ROOT / read_solver(ROOT / path).net).read_text().startswith("# ")


def test_lenet_has_the_published_recipe():
    param = read_solver(ROOT / "configs/mnist/lenet_solver.prototxt")
    assert (param.base_lr, param.momentum) == pytest.approx((0.01, 0.9))
    assert (param.weight_decay, param.gamma, param.power) == pytest.approx((0.0005, 0.0001, 0.75))
    assert (param.lr_policy, param.max_iter, param.snapshot) == ("inv", 10000, 5000)
    assert (list(param.test_iter), param.test_interval, param.display) == ([100], 500, 100)
    data = read_net(ROOT / param.net).net.layer[:2]
    assert [layer.data_param.batch_size for layer in data] == [64, 100]
    assert {layer.transform_param.scale for layer in data} == {1 / 256}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("cifar10_quick_solver", "cifar10_quick_solver_lr1"),
        ("cifar10_full_solver", "cifar10_full_solver_lr1"),
        ("cifar10_full_solver_lr1", "cifar10_full_solver_lr2"),
    ],
)
def test_a_phase_goes_on_from_the_one_before_at_a_tenth_of_the_rate(first, then):
    folder = ROOT / "configs/cifar10"
    before, after = (read_solver(folder / f"{name}.prototxt") for name in (first, then))
    assert after.base_lr == pytest.approx(before.base_lr / 10)
    assert (after.net, after.snapshot_prefix) == (before.net, before.snapshot_prefix)
    state = f"{before.snapshot_prefix}_iter_{before.max_iter}.solverstate.h5"
    assert f"--snapshot {state}" in (folder / f"{then}.prototxt").read_text()
    assert after.max_iter > before.max_iter

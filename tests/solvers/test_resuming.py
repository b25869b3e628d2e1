"""A run that is stopped anywhere and resumed ends with the files of one that never stopped."""

import random
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from netdef.data.database import open_database, records
from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import MissingFile, WeightsError
from netdef.io.solverstate import SavedState, read_state, write_state
from netdef.solvers.reporter import Reporter
from netdef.solvers.signals import Effect
from tests.engines.gpu_on_cpu import gpu_with_cudnn
from tests.solvers.test_solver import FILE, solver

NET = """
name: "everything"
layer { name: "images" type: "Data" top: "image" top: "label" include { phase: TRAIN }
  data_param { source: "images" batch_size: 6 backend: LMDB }
  transform_param { crop_size: 5 mirror: true scale: 0.01 } }
layer { name: "rows" type: "HDF5Data" top: "row" include { phase: TRAIN }
  hdf5_data_param { source: "list.txt" batch_size: 6 shuffle: true } }
layer { name: "images" type: "Data" top: "image" top: "label" include { phase: TEST }
  data_param { source: "images" batch_size: 7 backend: LMDB }
  transform_param { crop_size: 5 scale: 0.01 } }
layer { name: "rows" type: "HDF5Data" top: "row" include { phase: TEST }
  hdf5_data_param { source: "list.txt" batch_size: 7 } }
layer { name: "conv" type: "Convolution" bottom: "image" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "flat" type: "Flatten" bottom: "conv" top: "flat" }
layer { name: "all" type: "Concat" bottom: "flat" bottom: "row" top: "all" }
layer { name: "drop" type: "Dropout" bottom: "all" top: "all" }
layer { name: "ip" type: "InnerProduct" bottom: "all" top: "ip"
  param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
RECURRENT_NET = """
layer { name: "rows" type: "HDF5Data" top: "row" top: "goes_on"
  hdf5_data_param { source: "list.txt" batch_size: 6 shuffle: true } }
layer { name: "steps" type: "Reshape" bottom: "row" top: "x"
  reshape_param { shape { dim: 3 dim: 2 dim: 5 } } }
layer { name: "cont" type: "Reshape" bottom: "goes_on" top: "cont"
  reshape_param { shape { dim: 3 dim: 2 } } }
layer { name: "lstm" type: "LSTM" bottom: "x" bottom: "cont" top: "h"
  recurrent_param { num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "ip" type: "InnerProduct" bottom: "h" top: "ip"
  inner_product_param { num_output: 5 axis: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "x" top: "loss" }
"""
RUN = """
net: "net.prototxt"
base_lr: 0.05
momentum: 0.9
weight_decay: 0.01
iter_size: 2
lr_policy: "plateau"
gamma: 0.7
plateau_winsize: [2, 2, 2, 2]
average_loss: 3
max_iter: 9
test_iter: 1
test_interval: 2
solver_mode: CPU
snapshot_prefix: "s"
"""
FORMATS = {"BINARYPROTO": "", "HDF5": ".h5"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a net, 20 images in an LMDB, and rows in two HDF5 files."""
    rng = np.random.default_rng(0)
    with LmdbWriter(tmp_path / "images") as database:
        for i in range(20):
            image = rng.integers(0, 256, (3, 8, 8), np.uint8)
            database.put(b"%08d" % i, encode(image, i % 3))
    for name in "ab":
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["row"] = rng.standard_normal((11, 5)).astype("f4")
            file["goes_on"] = (rng.random(11) < 0.8).astype("f4")
    (tmp_path / "list.txt").write_text("a.h5\nb.h5\n")
    (tmp_path / "net.prototxt").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Warnings(Reporter):
    def __init__(self):
        self.heard = []

    def warned(self, message):
        self.heard.append(message)


def run(extra="", resume=None, text=RUN, **options):
    mine = solver(extra, text, **options)
    mine.solve(resume)
    return mine


def final(iteration=9, ending=""):
    """Take the files of the last snapshot away, and return their bytes."""
    paths = [Path(f"s_iter_{iteration}.{kind}{ending}") for kind in ("caffemodel", "solverstate")]
    contents = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    return contents


@pytest.mark.parametrize(("format", "ending"), FORMATS.items())
@pytest.mark.parametrize("type", ["SGD", "Adam"])
def test_resumed_runs_end_with_the_same_bytes(folder, type, format, ending):
    extra = f"snapshot_format: {format}\nsnapshot: 1\ntype: '{type}'"
    seed = run(f"{extra}\nrandom_seed: 5").seed
    unbroken = final(9, ending)
    assert seed == 5
    for iteration in (1, 2, 5, 8):
        # Neither the seed of the prototxt nor a random one may come instead of the first one.
        run(extra, f"s_iter_{iteration}.solverstate{ending}")
        assert final(9, ending) == unbroken


@pytest.mark.parametrize("engine", ["cudnn", "cupy"])
@pytest.mark.parametrize("precision", ["F32", "BF16"])
def test_resumed_runs_on_a_gpu_end_with_the_same_bytes(folder, engine, precision):
    extra = f"snapshot: 4\nprecision: {precision}\nrandom_seed: 5"
    with gpu_with_cudnn(folder, engine):
        mine = run(extra, keep="outputs")
        assert mine.net.device.is_gpu
        unbroken = final()
        run(extra, "s_iter_4.solverstate", keep="outputs")
        assert final() == unbroken


def test_recurrent_states_go_on(folder):
    (folder / "net.prototxt").write_text(RECURRENT_NET)
    run("random_seed: 5\nsnapshot: 4")
    state = read_state("s_iter_4.solverstate")
    assert [(s.net, s.name, len(s.data)) for s in state.resume.states] == [
        (number, f"lstm.state_{which}", 2 * 4 * 4) for number in (0, 1) for which in "ch"
    ]
    unbroken = final()
    mine = run(resume="s_iter_4.solverstate")
    assert mine.seed == 5 and final() == unbroken
    # From what the states begin with, in a solver that has run.
    first = solver("random_seed: 5", RUN)
    first.snapshot()
    mine.solve("s_iter_0.solverstate")
    assert final() == unbroken
    state.resume.ClearField("states")
    write_state("s_iter_4.solverstate", state)
    run(resume="s_iter_4.solverstate")
    assert final() != unbroken


def test_the_run_uses_all_that_must_go_on(folder):
    mine = run("random_seed: 5\nsnapshot: 1")
    state = read_state("s_iter_8.solverstate")
    positions = {(p.net, p.layer, p.key[0], p.value[0]) for p in state.resume.positions}
    assert positions == {
        (0, "images", "position", 96),
        (0, "rows", "position", 96),
        (1, "images", "position", 28),
        (1, "rows", "position", 28),
    }
    assert state.resume.passes == [16, 4]
    assert len(state.resume.losses) == 3
    assert state.resume.HasField("best_value") and mine.schedule.current_step > 0


@pytest.mark.parametrize("lost", ["positions", "passes", "losses", "seed"])
def test_each_part_is_needed(folder, lost):
    run("random_seed: 5\nsnapshot: 1")
    unbroken = final()
    state = read_state("s_iter_4.solverstate")
    state.resume.ClearField(lost)
    write_state("s_iter_4.solverstate", state)
    run("snapshot: 1", "s_iter_4.solverstate")
    assert final() != unbroken


def test_the_key_that_the_data_stand_behind_is_in_the_state(folder):
    run("snapshot: 4")
    positions = read_state("s_iter_4.solverstate").resume.positions
    found = {(p.net, p.layer): p.record for p in positions}
    # 4 iterations of 2 batches of 6 are 48 records; two tests of 7 are 14.
    keys = sorted(key for key, _ in records(open_database("images", "LMDB")))
    count = len(keys)
    assert found == {
        (0, "images"): keys[(48 - 1) % count],
        (0, "rows"): b"",
        (1, "images"): keys[(14 - 1) % count],
        (1, "rows"): b"",
    }


def test_steps_go_on_as_well(folder):
    whole, parts = solver("random_seed: 5", RUN), solver("random_seed: 5", RUN)
    whole.step(6), whole.snapshot()
    unbroken = final(6)
    parts.step(4), parts.snapshot()
    resumed = solver(text=RUN)
    resumed.restore("s_iter_4.solverstate")
    resumed.step(2), resumed.snapshot()
    assert final(6) == unbroken


def test_restoring_into_a_solver_that_has_run(folder):
    mine = run("random_seed: 5\nsnapshot: 1")
    unbroken = final()
    for iteration in (1, 4):
        mine.solve(f"s_iter_{iteration}.solverstate")
        assert final() == unbroken


def test_asking_to_stop_and_going_on(folder):
    run("random_seed: 5")
    unbroken = final()

    class Stop(Reporter):
        def trained(self, iteration, loss):
            if iteration == 4:
                first.ask(Effect.STOP)

    first = solver("random_seed: 5", RUN, reporter=Stop())
    first.solve()
    assert first.is_stopped and first.iter == 4
    second = run(resume="auto")
    assert not second.is_stopped and final() == unbroken


def test_states_of_caffe_leave_the_data_at_the_start(folder):
    run("random_seed: 5\nsnapshot: 4")
    state = read_state("s_iter_4.solverstate")
    plain = SavedState(state.iter, state.current_step, state.learned_net, state.history)
    write_state("s_iter_4.solverstate", plain)
    mine = solver("random_seed: 5", RUN)
    mine.restore("s_iter_4.solverstate")
    assert mine.iter == 4 and mine.net.clock.iteration == 8
    assert mine.net.sources["rows"].state() == {"position": 0}


def test_auto_takes_the_newest_whole_one(folder):
    run("random_seed: 5\nsnapshot: 3\nsnapshot_format: HDF5\nmax_iter: 10")
    run("random_seed: 5\nsnapshot: 2\nmax_iter: 7")
    content = Path("s_iter_9.solverstate.h5").read_bytes()
    Path("s_iter_9.solverstate.h5").write_bytes(content[: len(content) // 2])
    Path("s_iter_10.caffemodel.h5").unlink()
    Path("s_iter_7.caffemodel").write_bytes(Path("s_iter_7.caffemodel").read_bytes()[:-9])
    Path("s_iter_007x.solverstate").touch()
    Path("ss_iter_99.solverstate").touch()
    warnings = Warnings()
    mine = solver(text=RUN, reporter=warnings)
    mine.restore("auto")
    assert mine.iter == 6 and mine.last_snapshot == "s_iter_6.solverstate.h5"
    gone, cut, damaged = warnings.heard
    assert gone == (
        "s_iter_10.solverstate.h5: its weights are neither at s_iter_10.caffemodel.h5 nor at"
        " s_iter_10.caffemodel.h5; passed over"
    )
    assert cut.startswith("s_iter_9.solverstate.h5: is cut off or damaged (")
    assert damaged == (
        "s_iter_7.caffemodel: is cut off or damaged: at least 9 bytes are missing; passed over"
    )


def test_auto_where_there_is_none(folder):
    mine = run("random_seed: 5\nmax_iter: 2", "auto")
    assert mine.iter == 2


def test_auto_where_none_is_whole(folder):
    Path("s_iter_3.solverstate").write_bytes(b"\x08")
    with pytest.raises(WeightsError) as error:
        solver(text=RUN).restore("auto")
    assert str(error.value) == (
        "s: none of the 1 snapshots can be gone on from; move them away to begin anew"
    )


def test_auto_removes_what_a_killed_run_left(folder):
    mine, others = Path(".s_iter_3.caffemodel.0a1b2c3d.part"), Path(".t_iter_3.x.0a1b2c3d.part")
    mine.touch(), others.touch()
    solver(text=RUN).restore("auto")
    assert not mine.exists() and others.exists()


def test_missing_state_is_still_an_error(folder):
    with pytest.raises(MissingFile, match=r"^auto_no: no such file or folder$"):
        solver(text=RUN).restore("auto_no")


COMMAND = f"import netdef; netdef.get_solver({FILE!r}).solve('auto')"


def kill_and_resume(kills, iterations):
    """Train in processes that are killed after a snapshot or two; return the last files."""
    rng = random.Random(kills)
    Path(FILE).write_text(RUN.replace("max_iter: 9", f"max_iter: {iterations}\nsnapshot: 1"))
    for _ in range(kills):
        before = len(list(Path().glob("s_iter_*.solverstate")))
        with subprocess.Popen([sys.executable, "-c", COMMAND]) as process:
            while len(list(Path().glob("s_iter_*.solverstate"))) == before:
                assert process.poll() is None
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.1))
            process.kill()
        assert process.returncode == -9
    subprocess.run([sys.executable, "-c", COMMAND], check=True)
    return final(iterations)


@pytest.mark.parametrize(
    ("kills", "iterations"), [(2, 150), pytest.param(20, 800, marks=pytest.mark.slow)]
)
def test_killed_at_random_moments(folder, kills, iterations):
    # The first run's random seed comes from a snapshot of no iterations.
    first = solver(f"max_iter: {iterations}", RUN)
    first.snapshot()
    killed = kill_and_resume(kills, iterations)
    first.solve()
    assert final(iterations) == killed
    assert not list(Path().glob(".s_iter*"))

import errno
from pathlib import Path

import h5py
import numpy as np
import pytest

from netdef.errors import MissingFile, RunError, WeightsError
from netdef.io.solverstate import read_state
from netdef.io.weights import read_weights
from netdef.proto import SolverParameter
from netdef.solvers.snapshots import Snapshots
from tests.solvers.conftest import NET
from tests.solvers.test_solver import assert_equal, solver, weights

PREFIX = "snapshot_prefix: 's'"
FORMATS = {"BINARYPROTO": "", "HDF5": ".h5"}


def prefix_of(path, **fields):
    return Snapshots(SolverParameter(**fields), path).prefix


def test_prefix_is_the_solvers_name_where_none_is_given():
    assert prefix_of("a/lenet.solver.prototxt") == "a/lenet.solver"


def test_prefix_that_is_a_folder(tmp_path):
    prefix = prefix_of("a/lenet.prototxt", snapshot_prefix=str(tmp_path))
    assert prefix == str(tmp_path / "lenet")


def test_prefix_as_given():
    assert prefix_of("a/lenet.prototxt", snapshot_prefix="b/c") == "b/c"


@pytest.mark.parametrize(("format", "ending"), FORMATS.items())
def test_round_trip(folder, format, ending):
    steps = "lr_policy: 'multistep'\ngamma: 0.5\nstepvalue: [1, 2]"
    extra = f"{PREFIX}\nsnapshot_format: {format}\n{steps}"
    first = solver(extra)
    first.step(3)
    first.snapshot()
    state = read_state(f"s_iter_3.solverstate{ending}")
    assert (state.iter, state.current_step) == (3, 2)
    assert state.learned_net == f"s_iter_3.caffemodel{ending}"
    assert [h.shape for h in state.history] == [(7, 5), (7,), (3, 7), (3,)]

    second = solver(f"{extra}\nrandom_seed: 9")
    second.restore(f"s_iter_3.solverstate{ending}")
    assert second.iter == 3 and second.lr == pytest.approx(0.025)
    assert_equal(weights(first), weights(second))
    for _ in range(3):  # the data of the second net stand at the start
        second.net.forward()
    first.step(2), second.step(2)
    assert_equal(weights(first), weights(second))


@pytest.mark.parametrize(("format", "ending"), FORMATS.items())
def test_snapshot_diff(folder, format, ending):
    mine = solver(f"{PREFIX}\nsnapshot_format: {format}\nsnapshot_diff: true")
    mine.step(1)
    mine.snapshot()
    grad = mine.net.params["ip2"][0].diff
    content = Path(f"s_iter_1.caffemodel{ending}").read_bytes()
    if ending:
        with h5py.File(f"s_iter_1.caffemodel{ending}") as file:
            np.testing.assert_array_equal(file["diff/ip2/0"], grad)
    else:
        assert grad.tobytes() in content


def test_random_layers_go_on_where_they_were(folder):
    first = solver(f"{PREFIX}\niter_size: 2")
    first.step(3)
    first.snapshot()
    second = solver(f"{PREFIX}\niter_size: 2")
    second.restore("s_iter_3.solverstate")
    assert second.net.clock == first.net.clock


def test_solve_goes_on_from_a_snapshot(folder):
    solver(f"{PREFIX}\nsnapshot: 4").solve()
    second = solver(f"{PREFIX}\nmax_iter: 7")
    second.solve("s_iter_4.solverstate")
    assert second.iter == 7


def test_histories_of_blobs_that_are_not_learned_are_zeros(folder):
    text = NET.replace("param { lr_mult: 1 }", "param { lr_mult: 0 }")
    (folder / "net.prototxt").write_text(text)
    mine = solver(PREFIX)
    mine.step(1)
    mine.snapshot()
    history = read_state("s_iter_1.solverstate").history
    assert [h.any() for h in history] == [False, True, True, True]


def test_weights_beside_the_state(folder):
    first = solver(PREFIX)
    first.step(1)
    first.snapshot()
    moved = folder / "moved"
    moved.mkdir()
    for file in folder.glob("s_iter_1.*"):
        file.rename(moved / file.name)
    second = solver(f"{PREFIX}\nrandom_seed: 9")
    second.restore("moved/s_iter_1.solverstate")
    assert_equal(weights(first), weights(second))


def test_weights_that_are_gone(folder):
    mine = solver(PREFIX)
    mine.snapshot()
    Path("s_iter_0.caffemodel").unlink()
    with pytest.raises(MissingFile) as error:
        mine.restore("s_iter_0.solverstate")
    assert str(error.value) == (
        "s_iter_0.solverstate: its weights are neither at s_iter_0.caffemodel nor at"
        " s_iter_0.caffemodel"
    )


def test_state_of_another_net_changes_nothing(folder):
    solver(PREFIX).snapshot()
    (folder / "net.prototxt").write_text(NET.replace("num_output: 7", "num_output: 6"))
    mine = solver(PREFIX)
    mine.step(1)
    before = weights(mine)
    with pytest.raises(WeightsError) as error:
        mine.restore("s_iter_0.solverstate")
    assert str(error.value) == (
        "s_iter_0.solverstate: the history of weight blob 'ip1/0' has the shape (7, 5),"
        " in the net (6, 5); it is of another net"
    )
    assert mine.iter == 1
    assert_equal(weights(mine), before)


def test_state_that_is_not_there(folder):
    with pytest.raises(MissingFile) as error:
        solver().restore("none.solverstate")
    assert str(error.value) == "none.solverstate: no such file or folder"


def test_weights_are_no_state(folder):
    mine = solver(PREFIX)
    mine.snapshot()
    with pytest.raises(WeightsError) as error:
        mine.restore("s_iter_0.caffemodel")
    assert str(error.value) == (
        "s_iter_0.caffemodel: holds weights; a solver's state (.solverstate) is expected"
    )


@pytest.mark.parametrize(("format", "ending"), FORMATS.items())
def test_full_disk_leaves_the_last_snapshot_and_nothing_half_written(
    folder, monkeypatch, format, ending
):
    mine = solver(f"{PREFIX}\nsnapshot_format: {format}")
    mine.snapshot()
    before = {f.name: f.read_bytes() for f in folder.glob("s_iter*")}
    mine.iter = 1

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("netdef.io.whole_file._flush_to_disk", full)
    with pytest.raises(RunError) as error:
        mine.snapshot()
    assert str(error.value) == (
        f"s_iter_1.caffemodel{ending}: the disk is full; nothing was written under that name"
    )
    after = {f.name: f.read_bytes() for f in folder.iterdir() if "s_iter" in f.name}
    assert after == before


def test_state_is_written_after_its_weights(folder, monkeypatch):
    mine = solver(PREFIX)

    def fail(*_):
        assert read_weights("s_iter_0.caffemodel")
        raise RunError("no")

    monkeypatch.setattr("netdef.solvers.snapshotting.write_state", fail)
    with pytest.raises(RunError, match="^no$"):
        mine.snapshot()

"""Solver states, binary and HDF5, as Caffe writes and reads them."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from netdef.errors import WeightsError
from netdef.io.solverstate import SavedState, read_state, write_state
from netdef.io.weights import Format
from netdef.proto import SolverState

MODELS = "data/models"
REAL = {
    "lenet/lenet_iter_10000.solverstate": (
        10000,
        0,
        "examples/mnist/lenet_iter_10000.caffemodel",
        [(20, 1, 5, 5), (20,)],
    ),
    "lenet/v1era_lenet_iter_10000.solverstate": (
        10000,
        0,
        "examples/mnist/lenet_iter_10000.caffemodel",
        [(20, 1, 5, 5), (1, 1, 1, 20)],
    ),
    "cifar10_h5/cifar10_full_sigmoid_iter_60000.solverstate": (
        60000,
        11,
        "examples/cifar10_full_sigmoid_iter_60000.caffemodel",
        [(32, 3, 5, 5), (32,)],
    ),
    "cifar10_h5/cifar10_full_iter_60000.solverstate.h5": (
        60000,
        0,
        "examples/cifar10/cifar10_full_iter_60000.caffemodel.h5",
        [(32, 3, 5, 5), (32,)],
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_states(shared: Path, name: str) -> None:
    state = read_state(shared / MODELS / name)
    shapes = [blob.shape for blob in state.history]
    assert (state.iter, state.current_step, state.learned_net, shapes[:2]) == REAL[name]


def test_twelve_blobs_of_hdf5_are_in_their_order(shared: Path) -> None:
    path = shared / "goldens/solvers/adadelta_iter_10.solverstate.h5"
    history = read_state(path).history
    with h5py.File(path) as file:
        assert len(history) == len(file["history"]) == 12
        for index, blob in enumerate(history):
            np.testing.assert_array_equal(blob, file[f"history/{index}"])


def test_binary_states_are_what_protobuf_reads(shared: Path) -> None:
    path = shared / "goldens/solvers/adam_iter_10.solverstate"
    state, exact = read_state(path), SolverState.FromString(path.read_bytes())
    assert (state.iter, state.learned_net) == (exact.iter, exact.learned_net)
    for ours, theirs in zip(state.history, exact.history, strict=True):
        np.testing.assert_array_equal(ours.ravel(), np.array(theirs.data, np.float32))


@pytest.fixture
def state() -> SavedState:
    history = [np.full((2, 3), 0.5, np.float32), np.arange(4, dtype=np.float32)]
    return SavedState(iter=300, current_step=2, learned_net="a/é.caffemodel", history=history)


@pytest.mark.parametrize("form", ["BINARYPROTO", "HDF5"])
def test_a_state_reads_back(tmp_path: Path, state: SavedState, form: Format) -> None:
    write_state(tmp_path / "s", state, form)
    read = read_state(tmp_path / "s")
    assert (read.iter, read.current_step, read.learned_net) == (300, 2, "a/é.caffemodel")
    for ours, theirs in zip(read.history, state.history, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_protobuf_reads_a_binary_state(tmp_path: Path, state: SavedState) -> None:
    write_state(tmp_path / "s", state)
    exact = SolverState.FromString((tmp_path / "s").read_bytes())
    assert (exact.iter, exact.current_step, exact.learned_net) == (300, 2, "a/é.caffemodel")
    assert [list(blob.shape.dim) for blob in exact.history] == [[2, 3], [4]]
    assert list(exact.history[1].data) == [0, 1, 2, 3]


def test_an_hdf5_state_has_caffes_types(tmp_path: Path, state: SavedState, shared: Path) -> None:
    write_state(tmp_path / "s", state, "HDF5")
    theirs = shared / "goldens/solvers/adadelta_iter_10.solverstate.h5"
    with h5py.File(tmp_path / "s") as ours, h5py.File(theirs) as caffes:
        for name in ("iter", "current_step", "history/0"):
            assert ours[name].dtype == caffes[name].dtype
        assert ours["iter"].shape == caffes["iter"].shape == (1,)
        # Caffe reads the name as a C string: room for the closing zero.
        assert ours["learned_net"].dtype == f"S{len('a/é.caffemodel'.encode()) + 1}"
        assert ours["learned_net"].shape == caffes["learned_net"].shape == ()


def refusal(path: Path) -> str:
    with pytest.raises(WeightsError) as error:
        read_state(path)
    return str(error.value).removeprefix(f"{path}: ")


def test_files_that_hold_no_state(shared: Path, tmp_path: Path) -> None:
    assert refusal(shared / MODELS / "lenet/lenet_iter_10000.caffemodel") == (
        "holds weights; a solver's state (.solverstate) is expected"
    )
    assert refusal(shared / MODELS / "cifar10_h5/cifar10_full_iter_60000.caffemodel.h5") == (
        "holds weights; a solver's state (.solverstate.h5) is expected"
    )
    assert refusal(shared / MODELS / "lenet/v1era_lenet_solver.prototxt") == (
        "is a text file (a prototxt?); a binary file is expected"
    )
    (tmp_path / "s").touch()
    assert refusal(tmp_path / "s") == "is empty"


def test_states_that_are_cut_off(shared: Path, tmp_path: Path) -> None:
    whole = (shared / MODELS / "lenet/lenet_iter_10000.solverstate").read_bytes()
    (tmp_path / "s").write_bytes(whole[:-10])
    assert refusal(tmp_path / "s") == "is cut off or damaged: at least 8 bytes are missing"
    with h5py.File(tmp_path / "h", "w") as file:
        file["iter"] = [3]
        file.create_group("history")
    assert refusal(tmp_path / "h").startswith("is cut off or damaged (")

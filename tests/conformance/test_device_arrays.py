"""The recorded layers again, on arrays that are not NumPy's: the way of a GPU, without one."""

import shutil

import numpy as np
import pytest

import netdef
from netdef import mode
from netdef.ops import HOST_CALLS
from netdef.plan import steps
from tests.conformance.recordings import GOLDENS, checker, missing_types
from tests.conformance.test_layers import CASES, FOLDER
from tests.conformance.test_solvers import RTOL, differences, recording, start
from tests.engines import stand_in


@pytest.fixture(autouse=True)
def other_device(monkeypatch):
    monkeypatch.setattr(mode._chosen, "device", stand_in.device())


@pytest.mark.parametrize("case", CASES)
def test_layer(case):
    assert checker().check_layer(netdef, str(FOLDER), case) == []


@pytest.mark.parametrize(
    "name", ["mtcnn_det1", "mtcnn_det2", pytest.param("squeezenet_v1.1", marks=pytest.mark.slow)]
)
def test_net(name, shared):
    models = shared / "data" / "models"
    assert checker().check_net(netdef, str(GOLDENS / "nets"), name, str(models)) == []


def test_all_calls_run_on_the_engine_of_the_device(shared):
    for path in sorted((shared / "goldens" / "layers").glob("*.prototxt")):
        if missing_types(path):
            continue
        net = netdef.Net(str(path), netdef.TRAIN)
        choices = {c.primitive: str(choice) for c, choice in steps(net.plan)}
        others = {p: why for p, why in choices.items() if why != "cupy" and p not in HOST_CALLS}
        assert others == {}, path.name


def test_arrays_do_lie_on_the_other_device(shared):
    net = netdef.Net(str(shared / "goldens" / "layers" / "relu.prototxt"), netdef.TRAIN)
    values = net.plan.program.blobs
    assert all(isinstance(net.executor.array(v), stand_in.DeviceArray) for v in values.values())
    assert not isinstance(net.blobs["out"].data, stand_in.DeviceArray)


def test_what_is_written_to_a_copy_on_the_host_reaches_the_device(shared):
    net = netdef.Net(str(shared / "goldens" / "layers" / "relu.prototxt"), netdef.TRAIN)
    net.blobs["in0"].data[...] = -1
    net.forward()
    assert not net.blobs["out"].data.any()
    net.blobs["in0"].data[...] = 2
    assert (net.forward()["out"] == 2).all()


def test_an_argument_comes_instead_of_what_was_written_to_a_copy(shared):
    net = netdef.Net(str(shared / "goldens" / "layers" / "relu.prototxt"), netdef.TRAIN)
    net.blobs["in0"].data[...] = -1
    shape = net.blobs["in0"].shape
    assert (net.forward(in0=np.full(shape, 2.0))["out"] == 2).all()
    assert (net.forward()["out"] == 2).all()


@pytest.mark.parametrize("name", ["sgd_bn", "sgd_clip", "adam"])
def test_trains_as_caffe_did(name, shared, tmp_path, monkeypatch):
    shutil.copytree(shared / "goldens" / "solvers", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    text = tmp_path / f"{name}.solver.prototxt"
    text.write_text(text.read_text().replace("solver_mode: CPU", ""))
    off = differences(start(name), recording(name))
    assert max(off.values()) < RTOL, off


def test_looking_at_weights_does_not_undo_an_update(shared, tmp_path, monkeypatch):
    """What is handed out on the host is a copy, which must not come back over new weights."""
    folder = shared / "goldens" / "solvers"
    text = (
        (folder / "sgd.solver.prototxt")
        .read_text()
        .replace("solver_mode: CPU", "")
        .replace("display: 0", "display: 1")
    )
    (tmp_path / "solver.prototxt").write_text(text + "\nsnapshot_prefix: 'run'")
    monkeypatch.chdir(tmp_path)
    for name in ("net.prototxt", "net_init.caffemodel", "train.txt", "train.h5"):
        (tmp_path / name).symlink_to(folder / name)
    looked, left = (netdef.get_solver("solver.prototxt") for _ in range(2))
    for solver in (looked, left):
        solver.net.copy_from("net_init.caffemodel")
    looked.reporter.displayed = lambda event: looked.net.params["ip1"][0].data.sum()
    for _ in range(3):
        looked.step(1)
        left.step(1)
    ours, theirs = (s.net.params["ip1"][0].data for s in (looked, left))
    assert (ours == theirs).all()

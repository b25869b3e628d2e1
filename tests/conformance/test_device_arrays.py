"""The recorded layers again, on arrays that are not NumPy's: the way of a GPU, without one."""

import pytest

import netdef
from netdef import mode
from tests.conformance.recordings import checker
from tests.conformance.test_layers import CASES, FOLDER
from tests.engines import stand_in


@pytest.fixture(autouse=True)
def other_device(monkeypatch):
    monkeypatch.setattr(mode._chosen, "device", stand_in.device())


@pytest.mark.parametrize("case", CASES)
def test_layer(case):
    assert checker().check_layer(netdef, str(FOLDER), case) == []


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

"""The GPUs of a run: which there are, and which can work as one."""

import re

import pytest

from netdef import mode
from netdef.devices import gpus as devices
from netdef.errors import ConfigError, DeviceError
from tests.parallel.gpus_on_cpu import gpus


def refusal(numbers, error, count=2, names=None):
    with gpus(count, names), pytest.raises(error) as caught:
        devices(numbers)
    return str(caught.value)


def test_all_and_some():
    with gpus(4) as machine:
        assert [d.number for d in devices()] == [0, 1, 2, 3]
        assert [d.name for d in devices([2, 1])] == ["GPU 2", "GPU 1"]
        assert machine.current == 2


def test_refused():
    assert refusal([0, 1, 0], ConfigError) == "GPU 0 is named twice; name each GPU once"
    assert refusal([], ConfigError) == "no GPU is named; give the number of one or more"
    assert refusal([1, 2], DeviceError) == ("GPU 2 is not there; this machine has 2: 0, 1")
    assert refusal(None, DeviceError, 3, ["Large", "Small", "Large"]) == (
        "GPU 1 is a Small, GPU 0 a Large; GPUs that train together must be of one kind: name"
        " those, such as --gpu 0,2"
    )


def test_mode():
    with gpus(3) as machine:
        mode.set_devices([1, 2])
        assert [d.number for d in mode.devices()] == [1, 2]
        assert mode.device().number == 1
        with mode.on(mode.devices()[1]):
            assert (mode.device().number, machine.current) == (2, 2)
        assert (mode.device().number, machine.current) == (1, 1)
        mode.set_mode_cpu()
        mode.set_mode_gpu()
        assert [d.number for d in mode.devices()] == [1, 2]
        mode.set_device(0)
        assert [d.number for d in mode.devices()] == [0]
        mode.set_devices()
        mode.set_mode_cpu()
        assert [d.number for d in mode.devices()] == [None]


def test_a_block_that_fails_is_left_all_the_same():
    with gpus(2) as machine:
        mode.set_devices()
        with pytest.raises(ValueError, match=re.escape("x")), mode.on(mode.devices()[1]):
            raise ValueError("x")
        assert (mode.device().number, machine.current) == (0, 0)

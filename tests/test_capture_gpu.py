"""Passes captured as CUDA graphs, on a real GPU: what the stand-ins promise."""

import numpy as np
import pytest

from netdef import mode
from netdef.device import gpu
from netdef.engines import settings
from netdef.errors import DataError, DeviceError
from tests.test_capture import WRONG, fill, graphs_of, lenet, trained

pytestmark = pytest.mark.gpu
WHOLE, PARTS = ((0, None),), ((0, 2), (3, 5), (6, None))


@pytest.fixture(params=["cudnn", "cupy"], autouse=True)
def engine(request, monkeypatch):
    """The engine that computes."""
    try:
        device = gpu()
    except DeviceError as error:
        pytest.skip(str(error))
    monkeypatch.setattr(mode._chosen, "device", device)
    monkeypatch.setattr(settings.chosen, "engine", request.param)
    return request.param


@pytest.mark.parametrize("ranges", [WHOLE, PARTS], ids=["whole", "parts"])
def test_captured_passes_give_the_same_bits(ranges, engine, monkeypatch):
    losses, weights, net = trained(6, monkeypatch, True, ranges)
    one_by_one, theirs, _ = trained(6, monkeypatch, False, ranges)
    assert losses == one_by_one
    assert (weights == theirs).all()
    assert np.isfinite(weights).all()
    found = graphs_of(net)
    assert len(found) == 2 * len(ranges)
    assert all(found.values())
    if engine == "cudnn":
        assert {len(own) for own in found.values()} == {1}


def test_a_replay_draws_new_numbers_each_time():
    net = lenet()
    (chance,) = (v for v in net.plan.slots if v.name.endswith("chance"))
    drawn = []
    for _ in range(4):
        fill(net)
        net.forward()
        drawn.append(net.executor.array(chance).get())
    assert len({d.tobytes() for d in drawn}) == 4


def test_a_wrong_label_is_found_in_a_replay():
    net = lenet()
    for step in range(3):
        fill(net, step)
        net.forward()
    net.executor.array(net.plan.program.blobs["label"])[2] = 10
    net.forward()
    with pytest.raises(DataError) as caught:
        net.reading("loss")()
    assert str(caught.value) == WRONG

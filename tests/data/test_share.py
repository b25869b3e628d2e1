"""Shares of a source: together they hand out what one source of larger batches does."""

import numpy as np
import pytest

from netdef.data.share import Share, share_of
from netdef.graph import build
from netdef.layer import DataLayer
from netdef.proto import TRAIN
from netdef.prototxt import parse_net
from tests.test_training_from_data import SOURCES, write_everything

OTHERS = ("MemoryData", "DummyData", "Python")
NUMBERED = {name: text for name, text in SOURCES.items() if name not in OTHERS}
DUMMY = 'type: "DummyData" dummy_data_param { shape { dim: 6 } data_filler { type: "gaussian" } }'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("everything")
    write_everything(folder)
    return folder


def opened(text, size, tops='top: "data" top: "label"'):
    text = text.replace("batch_size: 6", f"batch_size: {size}")
    (node,) = build(parse_net(f'layer {{ name: "d" {tops} {text} }}', "n"), TRAIN).nodes
    assert isinstance(node.layer, DataLayer)
    return node.layer.open(node.tops, seed=5)


def batches(source, count):
    found = [tuple(np.array(a) for a in source.next()) for _ in range(count)]
    source.close()
    return found


def dealt(shares, passes):
    return [share.next() for _ in range(passes) for share in shares]


# Of windows a batch has so many of each kind.
@pytest.mark.parametrize("name", [name for name in NUMBERED if name != "WindowData"])
def test_together_they_are_the_whole(name, folder, monkeypatch):
    monkeypatch.chdir(folder)
    whole = batches(opened(NUMBERED[name], 6), 5)
    shares = [share_of(opened(NUMBERED[name], 2), number, 3) for number in range(3)]
    for images, labels in whole:
        parts = [share.next() for share in shares]
        np.testing.assert_array_equal(np.concatenate([p[0] for p in parts]), images)
        np.testing.assert_array_equal(np.concatenate([p[1] for p in parts]), labels)
    for share in shares:
        share.close()


@pytest.mark.parametrize("name", NUMBERED)
def test_the_last_share_stands_where_the_whole_does(name, folder, monkeypatch):
    """Each goes on from there, whoever took that position down."""
    monkeypatch.chdir(folder)
    whole = opened(NUMBERED[name], 6)
    shares = [share_of(opened(NUMBERED[name], 2), number, 3) for number in range(3)]
    for _ in range(4):
        whole.next()
        dealt(shares, 1)
    position = shares[-1].state()
    assert position == whole.state()
    own = [share.state() for share in shares]
    following = [np.array(a[0]) for a in dealt(shares, 1)]
    for positions in (own, [position] * 3):
        for share, state, batch in zip(shares, positions, following, strict=True):
            share.restore(state)
            np.testing.assert_array_equal(share.next()[0], batch)
    whole.close()
    for share in shares:
        share.close()


def test_of_what_knows_no_shares():
    """The other batches are made, and left."""
    made = batches(opened(DUMMY, 6, 'top: "data"'), 12)
    shares = [share_of(opened(DUMMY, 6, 'top: "data"'), number, 3) for number in range(3)]
    assert all(isinstance(share, Share) for share in shares)
    for number in range(0, 12, 3):
        for share, (batch,) in zip(shares, made[number : number + 3], strict=True):
            if number == 6:
                assert share.state() == {"done": 6}
            np.testing.assert_array_equal(share.next()[0], batch)
    for share, (batch,) in zip(shares, made[3:6], strict=True):
        share.restore({"done": 3})
        np.testing.assert_array_equal(share.next()[0], batch)

"""Weights with layers renamed or left out: all other bytes stay."""

import h5py
import numpy as np
import pytest

from netdef.errors import WeightsError
from netdef.io import weights
from netdef.io.stored_form import stored_form
from netdef.io.weights import read_weights
from netdef.io.weights_editing import edit_weights
from netdef.proto import NetParameter

# A field that a fork has and netdef does not: number 5000, text.
STRANGE = b"\xc2\xb8\x02\x04fork"


@pytest.fixture
def old(tmp_path):
    """A file of V1 layers with gradients, one of them V0 inside, and a field of a fork."""
    net = NetParameter(name="old")
    net.layers.add(name="data", bottom=["x"])
    conv = net.layers.add(name="conv", blobs_lr=[2])
    conv.blobs.add(num=1, channels=1, height=1, width=2, data=[1, 2], diff=[3, 4])
    inside = net.layers.add(bottom=["y"]).layer
    inside.name, inside.type = "ip", "innerproduct"
    inside.blobs.add(num=1, channels=1, height=1, width=1, double_data=[5], double_diff=[6])
    (tmp_path / "old").write_bytes(net.SerializeToString() + STRANGE)
    return tmp_path / "old"


def test_nothing_changes_but_names(old, tmp_path):
    edit_weights(old, tmp_path / "new", {"data": "d", "conv": "convolution", "ip": "p"}.__getitem__)
    expected = NetParameter.FromString(old.read_bytes())
    for layer, name in zip(expected.layers, ["d", "convolution", ""], strict=True):
        if name:
            layer.name = name
    expected.layers[2].layer.name = "p"
    assert NetParameter.FromString((tmp_path / "new").read_bytes()) == expected
    assert STRANGE in (tmp_path / "new").read_bytes()


def test_the_same_names_give_the_same_bytes(shared, tmp_path):
    for name in ("lenet/v1era_lenet_iter_10000.caffemodel", "wechat_qrcode/detect.caffemodel"):
        path = shared / "data" / "models" / name
        edit_weights(path, tmp_path / "w", lambda name: name)
        assert (tmp_path / "w").read_bytes() == path.read_bytes()


def test_layers_are_left_out(old, tmp_path):
    edit_weights(old, tmp_path / "new", lambda name: None if name == "conv" else name)
    assert list(read_weights(tmp_path / "new")) == ["data", "ip"]


def test_only_weights(old, tmp_path):
    before = stored_form(old)
    assert (before.title, before.has_diffs) == ("V0", True)
    assert before.dtypes == {"data": [], "conv": ["float32"], "ip": ["float64"]}
    edit_weights(old, tmp_path / "new", lambda name: name, only_weights=True)
    after = stored_form(tmp_path / "new")
    assert (after.has_diffs, list(after.dtypes)) == (False, ["conv", "ip"])
    net = NetParameter.FromString((tmp_path / "new").read_bytes())
    assert not net.name and not net.layers[0].blobs_lr and STRANGE not in net.SerializeToString()
    found = read_weights(tmp_path / "new")
    assert [found[n].blobs[0].ravel().tolist() for n in found] == [[1, 2], [5]]
    assert found["ip"].type == "InnerProduct"


def test_hdf5_with_names_that_have_slashes(tmp_path):
    with h5py.File(tmp_path / "old", "w") as file:
        file["data/a/0"], file["data/a/b/0"] = np.ones(2, "f2"), np.zeros(3, "f4")
        file["diff/a/0"] = np.ones(2, "f4")
        file.create_group("data/relu")
    names = {"a": "x", "a/b": "y/z", "relu": "relu"}
    edit_weights(tmp_path / "old", tmp_path / "new", names.__getitem__)
    with h5py.File(tmp_path / "new") as file:
        assert file["data/x/0"].dtype == "f2" and file["data/y/z/0"].shape == (3,)
        assert list(file["data"]) == ["relu", "x", "y"] or set(file["data"]) == {"relu", "x", "y"}
        assert file["diff/x/0"][()].tolist() == [1, 1]
    edit_weights(tmp_path / "old", tmp_path / "bare", lambda name: name, only_weights=True)
    assert stored_form(tmp_path / "bare").dtypes == {"a": ["float16"], "a/b": ["float32"]}
    with h5py.File(tmp_path / "bare") as file:
        assert list(file) == ["data"]


def test_a_file_that_is_cut_off_is_refused_and_leaves_nothing(old, tmp_path):
    (tmp_path / "cut").write_bytes(old.read_bytes()[:-10])
    with pytest.raises(WeightsError, match="cut: is cut off or damaged"):
        edit_weights(tmp_path / "cut", tmp_path / "new", lambda name: name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut", "old"]


def test_more_than_caffe_reads(old, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "LARGEST", 20)
    with pytest.raises(WeightsError, match="more than the 20 of a binary caffemodel; convert them"):
        edit_weights(old, tmp_path / "new", lambda name: name)

"""Weights in other formats: what others read of them, and what they hold."""

import h5py
import numpy as np
import pytest

from netdef.errors import WeightsError
from netdef.io import weights
from netdef.io.stored_form import stored_form
from netdef.io.weights import LayerWeights, read_weights
from netdef.proto import NetParameter
from netdef.weight_files.conversion import rounding, write_layers


def layers(*blobs, type=""):
    return {"a": LayerWeights("a", type, [np.array(b, np.float32) for b in blobs])}


def test_v1_becomes_what_protobuf_reads_in_todays_form(shared, tmp_path):
    old = read_weights(shared / "data/models/lenet/v1era_lenet_iter_10000.caffemodel")
    write_layers(tmp_path / "new", old)
    net = NetParameter.FromString((tmp_path / "new").read_bytes())
    assert [layer.name for layer in net.layer] == list(old) and not net.layers
    found = {one.name: [tuple(b.shape.dim) for b in one.blobs] for one in net.layer if one.blobs}
    assert found == {
        "conv1": [(20, 1, 5, 5), (20,)],
        "conv2": [(50, 20, 5, 5), (50,)],
        "ip1": [(500, 800), (500,)],
        "ip2": [(10, 500), (10,)],
    }
    (ip1,) = (layer for layer in net.layer if layer.name == "ip1")
    np.testing.assert_array_equal(ip1.blobs[0].data, old["ip1"].blobs[0].ravel())


@pytest.mark.parametrize("name", ["new", "new.h5"])
def test_halves_and_back(shared, tmp_path, name):
    old = read_weights(shared / "data/models/lenet/lenet_iter_10000.caffemodel")
    write_layers(tmp_path / name, old, "f16")
    assert stored_form(tmp_path / name).dtypes["ip1"] == ["float16"] * 2
    write_layers(tmp_path / "back", read_weights(tmp_path / name))
    back = read_weights(tmp_path / "back")
    assert stored_form(tmp_path / "back").dtypes["ip1"] == ["float32"] * 2
    for layer in old.values():
        for mine, theirs in zip(back[layer.name].blobs, layer.blobs, strict=True):
            assert mine.shape == theirs.shape
            np.testing.assert_array_equal(mine, theirs.astype(np.float16))
    assert (tmp_path / name).stat().st_size < 0.52 * (tmp_path / "back").stat().st_size


def test_a_reader_of_floats_widens_hdf5(tmp_path):
    write_layers(tmp_path / "w.h5", layers([0.5, 3]), "f16")
    with h5py.File(tmp_path / "w.h5") as file:
        read = np.empty(2, np.float32)
        file["data/a/0"].read_direct(read)
    assert read.tolist() == [0.5, 3]


def test_values_too_large_for_halves(tmp_path):
    write_layers(tmp_path / "w", layers([65519, np.inf, np.nan]), "f16")
    assert read_weights(tmp_path / "w")["a"].blobs[0][:2].tolist() == [65504, np.inf]
    with pytest.raises(WeightsError) as caught:
        write_layers(tmp_path / "w2", layers([1], [-65520.0]), "f16")
    assert str(caught.value) == (
        "layer 'a' has a value of 65520, more than the 65504 that f16 can hold; keep f32"
    )
    assert not (tmp_path / "w2").exists()


def test_what_rounding_does():
    blobs = [np.array([1 + 2**-12, 1e-9, 0, np.inf], np.float32)]
    assert rounding(blobs) == (2**-12, 1)


def test_more_than_caffe_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "LARGEST", 10)
    for precision in ("f32", "f16"):
        with pytest.raises(WeightsError, match="10 of a binary caffemodel; end its name with .h5"):
            write_layers(tmp_path / "w", layers([1, 2]), precision)
        write_layers(tmp_path / "w.h5", layers([1, 2]), precision)


def test_one_output_of_an_inner_product_is_a_row(tmp_path):
    write_layers(tmp_path / "w", layers([[[[1, 2]]]], [[[[3]]]], type="InnerProduct"))
    found = read_weights(tmp_path / "w")["a"].blobs
    assert [blob.tolist() for blob in found] == [[[1, 2]], [3]]


def test_biases_that_are_none_keep_their_axes(tmp_path):
    write_layers(tmp_path / "w", layers([[[[1, 2]]]], type="PReLU"))
    assert read_weights(tmp_path / "w")["a"].blobs[0].shape == (1, 1, 1, 2)

"""Weights of layers whose shapes in a file and in a net differ."""

import numpy as np
import pytest

from netdef.errors import WeightsError
from netdef.io.weights import write_weights
from netdef.net import Net
from netdef.proto import TEST
from netdef.prototxt import parse_net

from .painting import DEPLOY


def net_of(*changes):
    text = DEPLOY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Net(parse_net(text, "n.prototxt"), TEST, seed=4)


@pytest.fixture
def path(tmp_path):
    Net(parse_net(DEPLOY, "n.prototxt"), TEST, seed=3).save(str(tmp_path / "w.caffemodel"))
    return str(tmp_path / "w.caffemodel")


def test_they_are_an_error(path):
    with pytest.raises(WeightsError) as caught:
        net_of(("num_output: 7", "num_output: 3")).copy_from(path)
    assert str(caught.value) == (
        f"{path}: layer 'fc2': blob 0 has the shape (7, 6), in the net (3, 6);"
        " rename the layer to start it afresh"
    )


def test_they_are_left_as_they_are_if_that_is_asked_for(path):
    net = net_of(("num_output: 7", "num_output: 3"))
    before = np.array(net.params["fc2"][0].data)
    report = net.copy_from(path, on_mismatch="skip")
    assert str(report) == "1 layers loaded; 1 of other shapes (fc2)"
    assert (report.loaded, report.mismatched, report.kept) == (["conv1"], ["fc2"], [])
    assert (report.in_file["fc2"], report.in_net["fc2"]) == ([(7, 6), (7,)], [(3, 6), (3,)])
    np.testing.assert_array_equal(net.params["fc2"][0].data, before)
    theirs = Net(parse_net(DEPLOY, "n.prototxt"), TEST, weights=path)
    np.testing.assert_array_equal(net.params["conv1"][0].data, theirs.params["conv1"][0].data)


def test_another_number_of_blobs_is_one_too(path):
    net = net_of(("num_output: 7", "num_output: 7 bias_term: false"))
    assert net.copy_from(path, on_mismatch="skip").mismatched == ["fc2"]


def test_weights_that_fit_nothing(path):
    net = net_of(("num_output: 6", "num_output: 5"))
    with pytest.raises(WeightsError) as caught:
        net.copy_from(path, on_mismatch="skip")
    assert str(caught.value) == (
        f"{path}: no layer has the shapes of one in this net; 'conv1', 'fc2' have its names, but"
        " other shapes"
    )


def test_they_are_resized_if_that_is_asked_for(path):
    net = net_of(("num_output: 7", "num_output: 9"), ("kernel_size: 3", "kernel_size: 5"))
    fresh = np.array(net.params["fc2"][0].data)
    report = net.copy_from(path, on_mismatch="resize")
    assert str(report) == "0 layers loaded; 2 resized (conv1, fc2)"
    assert (report.in_file["fc2"], report.in_net["fc2"]) == ([(7, 6), (7,)], [(9, 6), (9,)])
    theirs = Net(parse_net(DEPLOY, "n.prototxt"), TEST, weights=path)
    rows = net.params["fc2"][0].data
    np.testing.assert_array_equal(rows[:7], theirs.params["fc2"][0].data)
    np.testing.assert_array_equal(rows[7:], fresh[7:])
    small, large = (each.params["conv1"][0].data for each in (theirs, net))
    np.testing.assert_allclose(large[..., 2, 2], small[..., 1, 1] * 9 / 25, rtol=1e-5)


def test_blobs_of_four_axes_are_resized_too(tmp_path):
    path = str(tmp_path / "old.caffemodel")
    old = parse_net(DEPLOY, "n.prototxt")
    conv1 = [np.array(blob.data) for blob in Net(old, TEST).params["conv1"]]
    weight, bias = np.ones((1, 1, 7, 6), np.float32), np.ones((1, 1, 1, 7), np.float32)
    write_weights(path, old.net, {"conv1": conv1, "fc2": [weight, bias]}, "BINARYPROTO")
    net = net_of(("num_output: 7", "num_output: 3"))
    assert net.copy_from(path, on_mismatch="resize").resized == ["fc2"]
    assert net.params["fc2"][0].data.tolist() == [[1] * 6] * 3
    assert net.params["fc2"][1].data.tolist() == [1] * 3


def test_another_number_of_blobs_cannot_be_resized(path):
    net = net_of(("num_output: 7", "num_output: 7 bias_term: false"))
    with pytest.raises(WeightsError) as caught:
        net.copy_from(path, on_mismatch="resize")
    assert str(caught.value) == (
        f"{path}: layer 'fc2': has 2 weight blobs, the net's layer of that name 1;"
        " rename the layer to start it afresh"
    )

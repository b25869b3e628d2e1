"""Weights of batch normalization from every fork make the same numbers in every net."""

import numpy as np
import pytest

import netdef
from netdef.errors import WeightsError
from netdef.net import Net
from netdef.proto import BlobProto, BlobShape, LayerParameter, NetParameter
from netdef.prototxt import parse_net

RNG = np.random.default_rng(0)
MEAN, SCALE, BIAS = (RNG.standard_normal(3).astype("f") for _ in range(3))
VARIANCE, ONE, TWO = RNG.random(3).astype("f"), np.ones(1, "f"), np.full(1, 2, "f")
EPS = 1e-5
X = RNG.standard_normal((2, 3, 4, 4)).astype("f")

INPUT = """layer { name: "in" type: "Input" top: "x" input_param {
  shape { dim: 2 dim: 3 dim: 4 dim: 4 } } }
"""
NETS = {
    "BVLC": 'layer { name: "n" type: "BatchNorm" bottom: "x" top: "y" }\n'
    'layer { name: "s" type: "Scale" bottom: "y" top: "y" scale_param { bias_term: true } }',
    "NVCaffe": 'layer { name: "n" type: "BatchNorm" bottom: "x" top: "y"'
    " batch_norm_param { scale_bias: true } }",
    "PSPNet": 'layer { name: "n" type: "BN" bottom: "x" top: "y" }',
}
FILES = {
    "BVLC": [("n", "BatchNorm", [2 * MEAN, 2 * VARIANCE, TWO]), ("t", "Scale", [SCALE, BIAS])],
    "NVCaffe": [("n", "BatchNorm", [MEAN, VARIANCE, ONE, SCALE, BIAS])],
    "old NVCaffe": [("n", "BatchNorm", [SCALE, BIAS, MEAN, VARIANCE, ONE])],
    "PSPNet": [("n", "BN", [b.reshape(1, 3, 1, 1) for b in (SCALE, BIAS, MEAN, VARIANCE)])],
    "SegNet": [("n", "BN", [b.reshape(1, 3, 1, 1) for b in (SCALE, BIAS)])],
}


def write(path, layers):
    net = NetParameter(name="other")
    for name, kind, blobs in layers:
        protos = [BlobProto(shape=BlobShape(dim=b.shape), data=b.ravel()) for b in blobs]
        net.layer.append(LayerParameter(name=name, type=kind, blobs=protos))
    path.write_bytes(net.SerializeToString())
    return str(path)


def wide(numbers):
    return numbers.reshape(1, 3, 1, 1)


def loaded(net, path):
    net = Net(parse_net(INPUT + NETS[net], "net.prototxt"), netdef.TEST)
    report = net.copy_from(path)
    return net.forward(x=X)["y"], report


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("file", FILES)
def test_every_layout_loads_into_every_net(tmp_path, net, file):
    layers = FILES[file]
    if net == file == "BVLC":
        layers = [layers[0], ("s", *layers[1][1:])]  # as plain weights the names must agree
    y, report = loaded(net, write(tmp_path / "w.caffemodel", layers))
    want = wide(SCALE) * X + wide(BIAS)
    if file != "SegNet":
        want = (X - wide(MEAN)) / np.sqrt(wide(VARIANCE) + EPS) * wide(SCALE) + wide(BIAS)
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-5)
    assert report.loaded == (["n", "s"] if net == "BVLC" else ["n"])
    assert report.ignored == report.kept == []


def test_statistics_without_scale_keep_1_and_0(tmp_path):
    y, _ = loaded("PSPNet", write(tmp_path / "w.caffemodel", FILES["BVLC"][:1]))
    np.testing.assert_allclose(y, (X - wide(MEAN)) / np.sqrt(wide(VARIANCE) + EPS), rtol=1e-4)


def test_a_scale_layer_of_the_net_is_not_taken_in(tmp_path):
    more = 'layer { name: "t" type: "Scale" bottom: "y" top: "z" scale_param { bias_term: true } }'
    net = Net(parse_net(INPUT + NETS["PSPNet"] + more, "net.prototxt"), netdef.TEST)
    report = net.copy_from(write(tmp_path / "w.caffemodel", FILES["BVLC"]))
    assert report.loaded == ["n", "t"]
    np.testing.assert_array_equal(net.params["n"][0].data.ravel(), [1, 1, 1])
    np.testing.assert_array_equal(net.params["t"][0].data, SCALE)


def test_statistics_of_no_pass_are_0(tmp_path):
    file = [("n", "BatchNorm", [MEAN, VARIANCE, np.zeros(1, "f")])]
    y, _ = loaded("PSPNet", write(tmp_path / "w.caffemodel", file))
    np.testing.assert_allclose(y, X / np.sqrt(EPS), rtol=1e-4)


def test_scale_and_bias_need_a_place(tmp_path):
    path = write(tmp_path / "w.caffemodel", FILES["NVCaffe"])
    text = INPUT + NETS["BVLC"].split("\n")[0]
    with pytest.raises(WeightsError) as caught:
        Net(parse_net(text, "net.prototxt"), netdef.TEST, weights=path)
    assert str(caught.value) == (
        f"{path}: layer 'n': has scale and bias in the file; set batch_norm_param {{ scale_bias:"
        " true }, or put a Scale layer with bias_term: true behind it"
    )


def test_other_numbers_of_blobs_are_refused_as_they_are(tmp_path):
    path = write(tmp_path / "w.caffemodel", [("n", "Convolution", [MEAN, BIAS])])
    with pytest.raises(WeightsError) as caught:
        loaded("PSPNet", path)
    assert str(caught.value) == (
        f"{path}: layer 'n': has 2 weight blobs, the net's layer of that name 4; rename the layer"
        " to start it afresh"
    )

"""``netdef weights`` as a user types it, on weights that others trained."""

import json
import re

import cv2
import numpy as np
import pytest

from netdef.io.weights import read_weights
from netdef.weight_files.conversion import write_layers


@pytest.fixture
def models(shared):
    return shared / "data" / "models"


@pytest.fixture
def lenet(models):
    return models / "lenet" / "lenet_iter_10000.caffemodel"


def test_show_lists_blobs(netdef, models):
    ran = netdef("weights", "show", models / "lenet" / "v1era_lenet_iter_10000.caffemodel")
    assert (ran.status, ran.err) == (0, "")
    assert re.search(r"^ip1 +InnerProduct +0 +1x1x500x800 +float32 +400,000", ran.out, re.MULTILINE)
    assert ran.out.endswith("\nV1: 9 layers, 4 with weights\n")


def test_show_as_json(netdef, lenet):
    found = json.loads(netdef("weights", "show", lenet, "--json").out)
    values = read_weights(lenet)["ip2"].blobs[1]
    assert (found["form"], found["has_diffs"], found["layers"]) == ("today's form", False, 9)
    last = found["blobs"][-1]
    assert (last["layer"], last["blob"], last["shape"], last["count"]) == ("ip2", 1, [10], 10)
    assert last["mean"] == pytest.approx(values.astype(np.float64).mean())


def test_show_a_state(netdef, models):
    ran = netdef("weights", "show", models / "lenet" / "lenet_iter_10000.solverstate")
    assert ran.status == 0
    assert "iter: 10000\n" in ran.out
    assert "learned_net: examples/mnist/lenet_iter_10000.caffemodel\n" in ran.out


def test_filters_as_a_picture(netdef, models, tmp_path):
    (path,) = (models / "squeezenet_v1.1").glob("*.caffemodel")
    ran = netdef("weights", "show", path, "--filters", "conv1", "-o", "f.png")
    assert ran.out.endswith("Wrote f.png\n")
    sheet = cv2.imread(str(tmp_path / "f.png"))
    assert sheet.shape == (8 * 44 + 2, 8 * 44 + 2, 3)
    first = read_weights(path)["conv1"].blobs[0]
    expected = 128 + 127 / np.abs(first).max() * first[9, :, 2, 0]
    assert sheet[2 + 44 + 35, 2 + 44 + 5].tolist() == [int(value) for value in expected]


def test_diff(netdef, lenet, tmp_path):
    same = netdef("weights", "diff", lenet, lenet)
    assert (same.status, same.out) == (0, "equal: 8 blobs\n")
    layers = read_weights(lenet)
    layers["conv2"].blobs[1][3] += 1
    layers["ip2"].blobs.pop()
    layers["new"], layers["new"].name = layers.pop("ip1"), "new"
    write_layers(tmp_path / "other.h5", layers)
    ran = netdef("weights", "diff", lenet, "other.h5")
    assert (ran.status, ran.err) == (1, "")
    lines = ran.out.splitlines()
    assert lines[:3] == [
        f"only in {lenet}: ip1",
        "only in other.h5: new",
        "other shapes: ip2: 10x500, 10 and 10x500",
    ]
    assert lines[-1].split()[:4] == ["conv2", "1", "1", "1"]
    assert netdef("weights", "diff", lenet, "nothing").status == 2


def test_rename(netdef, lenet, tmp_path):
    ran = netdef("weights", "rename", lenet, "conv*=body/conv*", "ip2=head", "-o", "new")
    assert ran.status == 0
    assert ran.out.splitlines() == [
        "conv1 -> body/conv1",
        "conv2 -> body/conv2",
        "ip2 -> head",
        "Wrote new: 3 of 9 layers renamed",
    ]
    found = read_weights(tmp_path / "new")
    np.testing.assert_array_equal(found["head"].blobs[0], read_weights(lenet)["ip2"].blobs[0])


def test_strip(netdef, lenet, tmp_path):
    ran = netdef("weights", "strip", lenet, "--only-weights", "--drop", "ip*", "-o", "small")
    assert ran.status == 0
    assert ran.out == "Wrote small: 2 of 9 layers, 102.4 kB\n"
    assert list(read_weights(tmp_path / "small")) == ["conv1", "conv2"]


def test_convert_there_and_back(netdef, models, tmp_path):
    old = models / "cifar10_v1era" / "cifar10_quick_iter_4000.caffemodel"
    ran = netdef("weights", "convert", old, "-o", "new.h5")
    assert (ran.status, ran.out) == (0, "Wrote new.h5: V1 -> HDF5, 13 layers in f32\n")
    assert netdef("weights", "diff", old, "new.h5").status == 0
    ran = netdef("weights", "convert", "new.h5", "-o", "half.caffemodel", "--precision", "f16")
    assert ran.out.startswith("Wrote half.caffemodel: HDF5 -> today's form, 13 layers in f16\n")
    assert ran.err == "Caffe itself does not read this file; NVCaffe and netdef do\n"
    told = float(re.search(r"errors of up to (\S+);", ran.out)[1])
    assert netdef("weights", "diff", old, "half.caffemodel", "--tolerance", told * 1.1).status == 0
    assert netdef("weights", "diff", old, "half.caffemodel", "--tolerance", told / 2).status == 1


def test_opencv_reads_what_was_converted(netdef, models, tmp_path):
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip("this OpenCV does not read Caffe's files")
    folder = models / "lenet"
    netdef("weights", "convert", folder / "v1era_lenet_iter_10000.caffemodel", "-o", "new")
    net = cv2.dnn.readNetFromCaffe(str(folder / "lenet_deploy.prototxt"), str(tmp_path / "new"))
    assert net.getParam("ip1", 0).shape == (500, 800)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "cut"), "cut: is cut off or damaged: at least"),
        (("show", "net.prototxt"), "is a text file (a prototxt?); a binary file is expected"),
        (("show", "none"), "none: no such file or folder"),
        (("show", "MEAN"), "is a single blob (a mean image?); weights are expected"),
        (("show", "LENET", "--filters", "conv1"), "--filters LAYER and --out FILE go together"),
        (
            ("show", "LENET", "--filters", "conv", "-o", "f.png"),
            "no layer with weights 'conv'; did",
        ),
        (("show", "LENET", "--filters", "ip1", "-o", "f.png"), "has the shape (500, 800); filters"),
        (("show", "LENET", "--filters", "conv1", "-o", "f.gif"), "end it with .png"),
        (("show", "cut.solverstate"), "cut.solverstate: is cut off"),
        (("strip", "LENET", "-o", "f.png"), "say what to leave out"),
        (("strip", "LENET", "-o", "f.png", "--drop", "ipp1"), "did you mean 'ip1'?"),
        (("rename", "LENET", "ip1=ip2", "-o", "f.png"), "would both be called 'ip2'"),
        (("convert", "cut", "-o", "f.png"), "is cut off or damaged"),
    ],
)
def test_mistakes_are_told_and_leave_nothing(netdef, models, lenet, tmp_path, arguments, message):
    (tmp_path / "cut").write_bytes(lenet.read_bytes()[:100_000])
    state = models / "lenet" / "lenet_iter_10000.solverstate"
    (tmp_path / "cut.solverstate").write_bytes(state.read_bytes()[:100_000])
    (tmp_path / "net.prototxt").write_text('name: "net"')
    files = {"LENET": lenet, "MEAN": models / "cifar10_mean.binaryproto"}
    ran = netdef("weights", *(files.get(a, a) for a in arguments))
    assert ran.status == 2
    assert message in ran.err and "Traceback" not in ran.err
    assert not (tmp_path / "f.png").exists()

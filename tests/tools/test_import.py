"""``netdef import``: ONNX models and state dicts as nets."""

import numpy as np
import pytest

import netdef as library
from netdef.onnx_import.operation import IMPORTERS
from netdef.prototxt import read_net

from ..io.test_safetensors import write
from ..onnx_import.test_reading import small_net
from ..painting import DEPLOY


def test_a_model_becomes_a_net(netdef, tmp_path):
    small_net(tmp_path / "m.onnx")
    ran = netdef("import", "m.onnx", "-o", "net", "--input-shape", "x=3,3,16,16")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("largest difference, inputs drawn at random: y: ")
    assert sorted(p.name for p in (tmp_path / "net").iterdir()) == [
        "deploy.prototxt", "weights.caffemodel"
    ]  # fmt: skip
    net = library.Net("net/deploy.prototxt", library.TEST, weights="net/weights.caffemodel")
    assert net.blobs["x"].shape == (3, 3, 16, 16)
    assert read_net(tmp_path / "net" / "deploy.prototxt").net.layer[-1].type == "InnerProduct"


def test_a_net_that_differs_is_not_written(netdef, tmp_path, monkeypatch):
    small_net(tmp_path / "m.onnx")
    assert "Clip" in IMPORTERS
    monkeypatch.setitem(IMPORTERS._known, "Clip", lambda op: op.layer("ReLU"))
    monkeypatch.setitem(IMPORTERS._known, "GlobalAveragePool", IMPORTERS["GlobalMaxPool"])
    ran = netdef("import", "m.onnx", "-o", "net")
    assert ran.status == 1
    assert "differ by more than 0.0001" in ran.err
    assert not (tmp_path / "net").exists()
    assert netdef("import", "m.onnx", "-o", "net", "--no-check").status == 0


def test_a_folder_with_the_labels_of_another_net(netdef, tmp_path):
    small_net(tmp_path / "m.onnx")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "labels.txt").write_text("cat\n")
    ran = netdef("import", "m.onnx", "-o", "net")
    assert ran.status == 2
    assert ran.err.startswith("netdef: error: net: has the labels or the preprocessing of another")
    assert [p.name for p in (tmp_path / "net").iterdir()] == ["labels.txt"]


@pytest.fixture
def state(tmp_path):
    (tmp_path / "deploy.prototxt").write_text(DEPLOY)
    rng = np.random.default_rng(0)
    shapes = {"features.0.weight": (6, 3, 3, 3), "features.0.bias": (6,),
              "classifier.weight": (7, 6), "classifier.bias": (7,)}  # fmt: skip
    tensors = {name: rng.standard_normal(shape).astype("<f4") for name, shape in shapes.items()}
    write(
        tmp_path / "w.safetensors",
        {name: ("F32", values.shape, values.tobytes()) for name, values in tensors.items()},
    )
    return tensors


def test_weights_alone(netdef, tmp_path, state):
    ran = netdef("import", "w.safetensors", "-o", "net", "--model", "deploy.prototxt")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[2:] == [
        "conv1  features.0  weight 6x3x3x3 bias 6",
        "fc2    classifier  weight 7x6 bias 7",
        "2 layers filled by order and shapes; numbers are not checked",
    ]
    net = library.Net("net/deploy.prototxt", library.TEST, weights="net/weights.caffemodel")
    np.testing.assert_array_equal(net.params["conv1"][0].data, state["features.0.weight"])
    np.testing.assert_array_equal(net.params["fc2"][1].data, state["classifier.bias"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("w.safetensors",), "w.safetensors: holds weights alone; give their net by --model"),
        (
            ("w.safetensors", "--model", "deploy.prototxt", "--input-shape", "data=1,3,8,8"),
            "--input-shape is for ONNX models",
        ),
        (("m.onnx", "--model", "deploy.prototxt"), "--model is for weights without a net"),
        (
            ("net.pth",),
            "net.pth: is a pickle, which can run any code; save its state dict as .safetensors,"
            " or export the model to ONNX",
        ),
        (("none.onnx",), "netdef: error: none.onnx: no such file or folder"),
        (
            ("w.safetensors", "--model", "zoo:lenet"),
            "netdef: error: w.safetensors: layer 'conv1' wants weight (20, 1, 5, 5) bias (20,),"
            " and the module in its place, 'features.0', has weight (6, 3, 3, 3) bias (6,)",
        ),
    ],
)
def test_mistakes(netdef, tmp_path, state, arguments, message):
    ran = netdef("import", *arguments, "-o", "net")
    assert ran.status == 2
    assert message in ran.err
    assert not (tmp_path / "net").exists()

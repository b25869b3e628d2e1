"""``netdef export``: a net as an ONNX model."""

import json

import numpy as np
import onnx
import pytest

import netdef as library
from netdef.onnx_export.part import EXPORTERS
from netdef.onnx_package import import_onnx

from ..painting import DEPLOY, paint_classes

MODEL = ("--model", "deploy.prototxt", "--weights", "w.caffemodel")
AGREES = r"largest difference, inputs {}: prob: \S+ absolute, \S+ relative"


@pytest.fixture
def small(netdef, tmp_path):
    """A folder with a net that nobody trained."""
    (tmp_path / "deploy.prototxt").write_text(DEPLOY)
    library.set_random_seed(3)
    library.Net("deploy.prototxt", library.TEST).save("w.caffemodel")
    return tmp_path


def metadata(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def test_a_model_is_checked_and_written(small, netdef):
    ran = netdef("export", *MODEL, "-o", "m.onnx")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("largest difference, inputs drawn at random: prob: ")
    assert float(ran.out.split()[-2]) <= 1e-5
    model = onnx.load("m.onnx")
    assert [o.version for o in model.opset_import] == [17]
    assert model.producer_name == "netdef"
    assert metadata("m.onnx") == {}


def test_pictures_labels_and_preparation(small, netdef):
    paint_classes(small / "val", 1)
    (small / "labels.txt").write_text("".join(f"name {i}\n" for i in range(7)))
    ran = netdef(
        "export", *MODEL, "-o", "m.onnx", "--images", "val", "--labels", "labels.txt",
        "--mean", "1,2,3", "--resize", "9", "--opset", 20,
    )  # fmt: skip
    assert ran.status == 0
    assert "largest difference, inputs from 3 pictures: prob: " in ran.out
    held = metadata("m.onnx")
    assert json.loads(held["netdef.labels"]) == [f"name {i}" for i in range(7)]
    assert json.loads(held["netdef.preprocessing"]) == {
        "crop": [8, 8], "resize": 9, "mean": [1, 2, 3], "scale": 1.0, "channel_order": "bgr"
    }  # fmt: skip


def test_any_number_of_items(small, netdef):
    assert netdef("export", *MODEL, "-o", "m.onnx", "--dynamic-batch").status == 0
    dims = onnx.load("m.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in dims] == ["batch", 3, 8, 8]


def test_a_shape_of_ones_own(small, netdef):
    assert netdef("export", *MODEL, "-o", "m.onnx", "--input-shape", "data=1,3,9,11").status == 0
    dims = onnx.load("m.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_value for d in dims] == [1, 3, 9, 11]


def test_a_model_that_differs_is_not_written(small, netdef, monkeypatch):
    right = EXPORTERS["ReLU"]
    monkeypatch.setitem(EXPORTERS._known, "ReLU", lambda p: p.add("Abs", p.x, to=p.y) and None)
    ran = netdef("export", *MODEL, "-o", "m.onnx")
    assert right and ran.status == 1
    assert ran.err.startswith(
        "netdef: error: the model and the net differ by more than 0.0001 of the output's largest"
        " number (prob: "
    )
    assert ran.err.endswith("); nothing is written\n")
    assert not (small / "m.onnx").exists()
    assert netdef("export", *MODEL, "-o", "m.onnx", "--no-check").status == 0
    assert (small / "m.onnx").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*MODEL, "--no-check", "--images", "val"), "--images are for the check; leave out"),
        (("--model", "deploy.prototxt"), "Missing option '--weights'"),
        ((*MODEL, "--input-shape", "data"), "data: write NAME=LENGTHS, such as data=1,3,227,227"),
        ((*MODEL, "--input-shape", "dta=1"), "has no input 'dta'; did you mean 'data'?"),
        ((*MODEL, "--opset", "9"), "9 is not in the range 14<=x<=22"),
    ],
)
def test_mistakes(small, netdef, arguments, message):
    ran = netdef("export", *arguments, "-o", "m.onnx")
    assert ran.status == 2
    assert message in ran.err
    assert not (small / "m.onnx").exists()


def test_without_the_package_the_message_says_how_to_get_it(small, netdef, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    ran = netdef("export", *MODEL, "-o", "m.onnx")
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: needs the package onnx; install it with: pip install 'netdef[onnx]'\n",
    )
    monkeypatch.undo()
    assert import_onnx() is onnx


def test_there_and_back(small, netdef):
    """What is exported is imported as a folder that says the same of pictures."""
    paint_classes(small / "val", 2)
    (small / "labels.txt").write_text("".join(f"name {i}\n" for i in range(7)))
    how = ("--labels", "labels.txt", "--mean", "100", "--scale", "0.02", "--resize", "8")
    assert netdef("export", *MODEL, "-o", "m.onnx", *how).status == 0
    assert netdef("import", "m.onnx", "-o", "again").status == 0
    before = netdef("classify", "val", *MODEL, *how, "--csv").out
    after = netdef("classify", "val", "--model", "again", "--csv").out
    first, second = ([line.split(",") for line in text.splitlines()[1:]]
                     for text in (before, after))  # fmt: skip
    assert [row[:4] for row in first] == [row[:4] for row in second]
    scores = np.array([[float(row[4]) for row in rows] for rows in (first, second)])
    np.testing.assert_allclose(*scores, atol=2e-6)

"""CIFAR-10 nets that others published score as they are known to, by ``netdef test``."""

import json
import shutil

import pytest

from netdef.tools.cli import main

from ..cifar10_jpegs import make_databases

KNOWN = {
    # In Caffe, on these JPEGs.
    "cifar10_h5/cifar10_quick_iter_5000.caffemodel.h5": 0.7393,
    "cifar10_h5/cifar10_full_iter_60000.caffemodel.h5": 0.7531,
    # Files of 2014, as OpenCV 4's own reader of Caffe's nets runs them on these JPEGs.
    "cifar10_v1era/cifar10_quick_iter_5000.caffemodel": 0.7347,
    "cifar10_v1era/cifar10_full_iter_60000.caffemodel": 0.7702,
    "cifar10_v1era/cifar10_full_iter_70000.caffemodel": 0.7942,
}


@pytest.fixture(scope="module")
def cifar10(shared, tmp_path_factory):
    """A folder with CIFAR-10's images, from JPEGs, and the mean of the published nets."""
    folder = tmp_path_factory.mktemp("cifar10")
    databases = make_databases(shared, folder)
    mean = shared / "data" / "models" / "cifar10_mean.binaryproto"
    shutil.copy(mean, databases / "mean.binaryproto")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("file", KNOWN)
def test_published_weights_score_as_elsewhere(
    cifar10, shared, monkeypatch, pytestconfig, capsys, file
):
    monkeypatch.chdir(cifar10)
    net = "quick" if "quick" in file else "full"
    model = pytestconfig.rootpath / "configs" / "cifar10" / f"cifar10_{net}_train_test.prototxt"
    weights = shared / "data" / "models" / file
    arguments = ("test", "--model", model, "--weights", weights, "--whole-set", "--json", "--top=1")
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["labels"] == 10_000
    assert told["top"]["1"] == pytest.approx(
        KNOWN[file], abs=1.5e-4
    )  # one image may lie on the edge
    assert told["outputs"][0]["value"] == pytest.approx(told["top"]["1"])

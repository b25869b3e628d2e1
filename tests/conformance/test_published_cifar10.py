"""CIFAR-10 nets that others published score as they are known to, by ``netdef test``."""

import json
import shutil
from contextlib import closing

import pytest

from netdef.data.database import database_writer, open_database, records
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
    """A folder with CIFAR-10's test images, from JPEGs, where the published nets look for them."""
    pytest.importorskip("plyvel", reason="LevelDBs are written by plyvel")
    folder = tmp_path_factory.mktemp("cifar10")
    databases = make_databases(shared, folder)
    mean = shared / "data" / "models" / "cifar10_mean.binaryproto"
    shutil.copy(mean, databases / "mean.binaryproto")
    # In 2014 databases were LevelDBs.
    with (
        closing(open_database(databases / "cifar10_test_lmdb")) as images,
        database_writer(databases / "cifar10_test_leveldb", "LEVELDB") as copy,
    ):
        for key, value in records(images):
            copy.put(key, value)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("file", KNOWN)
def test_published_weights_score_as_elsewhere(cifar10, shared, monkeypatch, capsys, file):
    monkeypatch.chdir(cifar10)
    weights = shared / "data" / "models" / file
    net = "quick" if "quick" in file else "full"
    model = weights.with_name(f"cifar10_{net}_train_test.prototxt")
    arguments = ("test", "--model", model, "--weights", weights, "--whole-set", "--json", "--top=1")
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["labels"] == 10_000
    one_image = 1e-4  # may lie on the edge between two classes
    assert told["top"]["1"] == pytest.approx(KNOWN[file], abs=1.5 * one_image)
    assert told["outputs"][0]["value"] == pytest.approx(told["top"]["1"])

"""``netdef extract``: features of pictures."""

import h5py
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import netdef as library

from ..painting import DEPLOY, paint_classes

MODEL = ("--model", "deploy.prototxt", "--weights", "w.caffemodel")


@pytest.fixture
def small(netdef, tmp_path):
    """A folder with a net that nobody trained, and pictures."""
    (tmp_path / "deploy.prototxt").write_text(DEPLOY)
    library.Net("deploy.prototxt", library.TEST).save("w.caffemodel")
    paint_classes(tmp_path / "val", 3)
    return tmp_path


def test_rows_of_two_blobs(small, netdef):
    ran = netdef(
        "extract", *MODEL, "--blob", "fc2,conv1", "--data", "val", "--out", "f.h5", "--pool",
        "mean", "--batch", 4,
    )  # fmt: skip
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "Wrote f.h5: fc2 (9, 7), conv1 (9, 6)\n"
    with h5py.File(small / "f.h5") as held:
        assert held["labels"][:].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_files_and_caffe_s_database(small, netdef):
    data = ("--data", "val/red/*.png", "--data", "val/blue/0.png")
    ran = netdef("extract", *MODEL, "--blob", "fc2", *data, "--out", "f", "--format", "caffe")
    assert ran.out == "Wrote f: fc2 (4, 7)\n"
    assert (small / "f" / "data.mdb").exists()


def test_a_blob_that_is_not_there(small, netdef):
    ran = netdef("extract", *MODEL, "--blob", "fc3", "--data", "val", "--out", "f.h5")
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: deploy.prototxt: no blob 'fc3'; did you mean 'fc2'?\n",
    )


@pytest.mark.slow
def test_a_linear_classifier_on_features_knows_flowers(shared, netdef, tmp_path):
    folder = shared / "data" / "models" / "squeezenet_v1.1"
    for part in ("train", "val"):
        netdef(
            "extract", "--model", folder / "deploy.prototxt",
            "--weights", folder / "squeezenet_v1.1_fp16rounded.caffemodel",
            "--mean", "104,117,123", "--resize", "227x227", "--blob", "fire9/concat",
            "--pool", "mean", "--data", shared / "data" / "flowers" / part,
            "--out", f"{part}.npz",
        )  # fmt: skip
    with np.load(tmp_path / "train.npz") as train, np.load(tmp_path / "val.npz") as val:
        classifier = LogisticRegression(C=0.01, max_iter=2000)
        classifier.fit(train["fire9/concat"], train["labels"])
        accuracy = classifier.score(val["fire9/concat"], val["labels"])
    assert accuracy >= 0.83

"""``netdef classify``: what a net says of pictures."""

import csv
import gzip
import json

import cv2
import numpy as np
import pytest

import netdef as library

from ..painting import DEPLOY, paint, paint_classes

MODEL = ("--model", "deploy.prototxt", "--weights", "w.caffemodel")


@pytest.fixture
def small(netdef, tmp_path):
    """A folder with a net that nobody trained, and pictures."""
    (tmp_path / "deploy.prototxt").write_text(DEPLOY)
    library.set_random_seed(3)
    library.Net("deploy.prototxt", library.TEST).save("w.caffemodel")
    paint_classes(tmp_path / "val", 2)
    return tmp_path


def test_the_three_forms_say_the_same(small, netdef):
    as_json = netdef("classify", "val", *MODEL, "--top", 2, "--json", "--batch", 4)
    as_csv = netdef("classify", "val", *MODEL, "--top", 2, "--csv", "--batch", 1)
    as_text = netdef("classify", "val", *MODEL, "--top", 2)
    assert (as_json.status, as_csv.status, as_text.status) == (0, 0, 0)
    said = json.loads(as_json.out)
    assert len(said) == 6
    rows = list(csv.DictReader(as_csv.out.splitlines()))
    for number, row in enumerate(rows):
        one = said[number // 2]
        told = one["predictions"][number % 2]
        assert (row["file"], row["class"]) == (one["file"], str(told["class"]))
        assert int(row["rank"]) == number % 2 + 1
        assert float(row["score"]) == pytest.approx(told["score"], abs=1e-6)
    first = said[0]["predictions"]
    assert as_text.out.startswith(
        f"blue/0.png\n  {first[0]['score']:.4f}  {first[0]['label']}\n"
        f"  {first[1]['score']:.4f}  {first[1]['label']}\nblue/1.png\n"
    )


def test_the_best_comes_first(small, netdef):
    ran = netdef("classify", "val/red/0.png", *MODEL, "--top", 9, "--json", "--scale", "0.01")
    scores = [told["score"] for told in json.loads(ran.out)[0]["predictions"]]
    assert len(set(scores)) == 7
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=1e-5)


def test_labels_stand_for_numbers(small, netdef):
    (small / "labels.txt").write_text("".join(f"name {i}\n" for i in range(7)))
    ran = netdef("classify", "val/red/0.png", *MODEL, "--labels", "labels.txt", "--json")
    for told in json.loads(ran.out)[0]["predictions"]:
        assert told["label"] == f"name {told['class']}"
    (small / "labels.txt").write_text("one\n")
    ran = netdef("classify", "val/red/0.png", *MODEL, "--labels", "labels.txt")
    assert (ran.status, ran.err) == (2, "netdef: error: 1 labels for a net of 7 classes\n")


def test_ten_crops_of_one_color_are_one(small, netdef):
    plain = netdef("classify", "val", *MODEL, "--resize", "9x9", "--mean", "100,110,120")
    ten = netdef(
        "classify", "val", *MODEL, "--resize", "9x9", "--mean", "100,110,120", "--oversample"
    )
    assert (ten.status, ten.out) == (0, plain.out)


def test_preprocessing_matters(small, netdef):
    scores = [
        netdef("classify", "val/red", *MODEL, *more, "--csv").out
        for more in ((), ("--mean", "128"), ("--scale", "0.01"), ("--channel-order", "rgb"))
    ]
    assert len(set(scores)) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.jpg", *MODEL), "netdef: error: no.jpg: no such file or folder\n"),
        (
            ("val", *MODEL, "--resize", "7"),
            "netdef: error: resize 7 is smaller than the 8 x 8 pixels that the net takes; give 8"
            " or more\n",
        ),
        (
            ("val", *MODEL, "--mean", "1,2"),
            "netdef: error: the mean has 2 numbers and the picture 3 channels; give 1 or 3\n",
        ),
        (("val", *MODEL, "--mean", "no.npy"), "netdef: error: no.npy: no such file or folder\n"),
        (
            ("val", "--model", "val", "--weights", "w.caffemodel"),
            "Error: --model val is a folder with weights; leave out --weights\n",
        ),
        (
            ("val", "--model", "deploy.prototxt"),
            "Error: Missing option '--weights'; only a folder or zoo:NAME has its own.\n",
        ),
        (("val", *MODEL, "--json", "--csv"), "Error: give --json or --csv, not both\n"),
        (
            ("val", *MODEL, "--resize", "big"),
            "Error: --resize big: give pixels, 256, or HEIGHTxWIDTH, 256x256\n",
        ),
    ],
)
def test_mistakes(small, netdef, arguments, message):
    ran = netdef("classify", *arguments)
    assert ran.status == 2
    assert ran.err.endswith(message)


def test_a_net_that_reads_its_own_data(small, netdef):
    (small / "train.prototxt").write_text(
        'layer { name: "data" type: "DummyData" top: "data" dummy_data_param'
        " { shape { dim: 1 dim: 3 dim: 4 dim: 4 } } }"
    )
    ran = netdef("classify", "val", "--model", "train.prototxt", "--weights", "w.caffemodel")
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: train.prototxt: the net reads its own data; give its deploy prototxt,"
        " which has an Input layer\n",
    )


def test_a_picture_that_is_none_is_named(small, netdef):
    paint(small / "a.png", (1, 2, 3))
    (small / "b.png").write_text("words")
    ran = netdef("classify", "a.png", "b.png", *MODEL)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "netdef: error: b.png: its 5 bytes are not an image that OpenCV reads; it is damaged or of"
        " an unknown format\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "mean", "column"),
    [
        ("squeezenet_v1.1/squeezenet_v1.1_fp16rounded", "104,117,123", "squeezenet_v1.1"),
        (
            "mobilenet_v2_torchvision/mobilenet_v2", "103.53,116.28,123.675",
            "mobilenet_v2_torchvision",
        ),
    ],
)  # fmt: skip
def test_photos_of_imagenet_are_told_as_the_benchmark_tells_them(
    shared, netdef, files, mean, column
):
    weights = shared / "data" / "models" / f"{files}.caffemodel"
    samples = (shared / "data" / "imagenet" / "samples.tsv").read_text().splitlines()
    table = list(csv.DictReader(samples, delimiter="\t"))
    photos = [shared / "data" / "imagenet" / "samples" / row["file"] for row in table]
    model = ("--model", weights.with_name("deploy.prototxt"), "--weights", weights)
    ran = netdef("classify", *photos, *model, "--mean", mean, "--json")
    told = [one["predictions"] for one in json.loads(ran.out)]
    assert [[p["class"] for p in one] for one in told] == [
        [int(c) for c in row[f"{column}_top5"].split(",")] for row in table
    ]
    assert [one[0]["score"] for one in told] == pytest.approx(
        [float(row[f"{column}_top1_score"]) for row in table], abs=1e-4
    )


@pytest.fixture
def seven(shared, tmp_path):
    """A picture of the digit 7, the first of MNIST's test."""
    with gzip.open(shared / "data" / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read()[16 : 16 + 28 * 28], np.uint8).reshape(28, 28)
    assert cv2.imwrite(str(tmp_path / "seven.png"), pixels)
    return tmp_path / "seven.png"


def test_a_net_of_the_zoo_needs_its_name_only(seven, netdef):
    ran = netdef("classify", "seven.png", "--model", "zoo:lenet", "--json")
    assert ran.status == 0, ran.err
    best = json.loads(ran.out)[0]["predictions"][0]
    assert (best["label"], best["score"] > 0.99) == ("7", True)


def test_a_net_of_the_zoo_of_which_too_little_is_known(seven, netdef, tmp_path, monkeypatch):
    monkeypatch.setenv("NETDEF_HOME", str(tmp_path / "home"))
    library.Net("zoo:cifar10_full", library.TEST).save("w.caffemodel")
    assert netdef("zoo", "import", "w.caffemodel").status == 0
    ran = netdef("classify", "seven.png", "--model", "zoo:cifar10_full")
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: the zoo does not know how pictures are prepared for 'cifar10_full'; give"
        " --mean (0 for none), and --scale, --channel-order and --resize if it takes them\n",
    )
    ran = netdef("classify", "seven.png", "--model", "zoo:cifar10_full", "--mean", "0")
    assert ran.status == 0, ran.err


@pytest.mark.slow
def test_a_photo_by_weights_that_were_imported(shared, netdef, tmp_path, monkeypatch):
    monkeypatch.setenv("NETDEF_HOME", str(tmp_path / "home"))
    folder = shared / "data" / "models" / "squeezenet_v1.1"
    assert netdef("zoo", "import", folder / "squeezenet_v1.1_fp16rounded.caffemodel").status == 0
    photo = shared / "data" / "imagenet" / "samples" / "082_n01797886.jpg"
    ran = netdef("classify", photo, "--model", "zoo:squeezenet_v1.1", "--top", 1)
    assert ran.out.splitlines()[1].endswith("  ruffed grouse, partridge, Bonasa umbellus")

"""``netdef test``: trained weights on test data."""

import csv
import json
import re

import cv2
import numpy as np
import pytest

import netdef as library
from netdef.data.convert_mnist import convert_mnist

from .editing import edit

MODEL = ("--model", "digits_train_test.prototxt")


@pytest.fixture
def weights(digits):
    """Weights nobody trained: what matters is that the averages are theirs."""
    library.set_random_seed(3)
    net = library.Net("digits_train_test.prototxt", library.TEST)
    net.save("w.caffemodel")
    net.close()
    return "w.caffemodel"


def test_lines_of_batches_and_their_averages(digits, netdef, weights):
    edit(digits / "digits_train_test.prototxt", ("batch_size: 355", "batch_size: 71"))
    ran = netdef("test", *MODEL, "--weights", weights, "--iterations", 5)
    assert ran.status == 0
    assert ran.err == "w.caffemodel: 4 layers loaded\n"
    batches = re.findall(r"^Batch (\d), (\w+) = (\S+)$", ran.out, re.MULTILINE)
    assert [(b, name) for b, name, _ in batches] == [
        (str(i), name) for i in range(5) for name in ("accuracy", "loss")
    ]
    accuracy, loss = (
        float(np.mean([float(v) for _, name, v in batches if name == wanted]))
        for wanted in ("accuracy", "loss")
    )
    found = re.search(
        r"\nLoss: (\S+)\naccuracy = (\S+)\nloss = (\S+) \(\* 1 = (\S+) loss\)\n\Z", ran.out
    )
    assert found
    assert [float(v) for v in found.groups()] == pytest.approx(
        [loss, accuracy, loss, loss], rel=1e-4
    )


def test_options_in_caffe_s_form(digits, netdef, weights):
    modern = netdef("test", *MODEL, "--weights", weights, "--iterations", 1)
    old = netdef(
        "test", "-model", "digits_train_test.prototxt", f"-weights={weights}", "-iterations=1"
    )
    assert (old.status, old.out) == (0, modern.out)
    assert modern.out.startswith("Batch 0, accuracy = ")


def test_later_weights_overwrite_earlier_ones(digits, netdef, weights):
    library.set_random_seed(4)
    net = library.Net("digits_train_test.prototxt", library.TEST)
    net.save("v.caffemodel")
    net.close()
    one = netdef("test", *MODEL, "--weights", "w.caffemodel", "--iterations", 1)
    other = netdef("test", *MODEL, "--weights", "v.caffemodel", "--iterations", 1)
    both = netdef("test", *MODEL, "--weights", "v.caffemodel,w.caffemodel", "--iterations", 1)
    assert both.out == one.out != other.out
    assert both.err == "v.caffemodel: 4 layers loaded\nw.caffemodel: 4 layers loaded\n"


def test_a_terminal_gets_a_bar_and_the_averages(digits, netdef, weights, monkeypatch):
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    ran = netdef("test", *MODEL, "--weights", weights, "--iterations", 2)
    assert ran.out.startswith("Loss: ")
    assert "100%" in ran.err
    ran = netdef("test", *MODEL, "--weights", weights, "--iterations", 2, "--verbose")
    assert ran.out.startswith("Batch 0, accuracy = ")


def test_weights_are_needed(digits, netdef):
    ran = netdef("test", *MODEL)
    assert ran.status == 2
    assert ran.err.endswith(
        "\nError: Missing option '--weights'; only a folder or zoo:NAME has its own.\n"
    )


def test_every_record_of_the_set_counts_once(digits, netdef, weights):
    text = digits / "digits_train_test.prototxt"
    whole = netdef("test", *MODEL, "--weights", weights, "--whole-set")
    edit(text, ("batch_size: 355", "batch_size: 100"))
    parts = netdef("test", *MODEL, "--weights", weights, "--whole-set")
    assert len(re.findall(r"^Batch \d, accuracy", parts.out, re.MULTILINE)) == 4
    for name in ("Loss: ", "accuracy = ", "loss = "):
        one, other = (
            float(re.search(rf"^{name}([\d.]+)", ran.out, re.MULTILINE)[1])
            for ran in (whole, parts)
        )
        assert one == pytest.approx(other, rel=1e-5)


def test_classes_in_words_files_and_json(digits, netdef, weights):
    (digits / "names.txt").write_text("".join(f"digit {i}\n" for i in range(10)))
    options = ("--weights", weights, "--labels", "names.txt", "--top", "3,1", "--per-class")
    files = ("--confusion", "c.csv", "--confusion", "c.txt", "--confusion", "c.png")
    ran = netdef("test", *MODEL, *options, *files, "--whole-set")
    assert ran.status == 0, ran.err
    accuracy = float(re.search(r"^accuracy = ([\d.]+)", ran.out, re.MULTILINE)[1])
    tops = re.findall(r"^top-(\d) of 355 labels = ([\d.]+)$", ran.out, re.MULTILINE)
    assert [k for k, _ in tops] == ["1", "3"]
    assert float(tops[0][1]) == pytest.approx(accuracy, rel=1e-5)
    assert float(tops[1][1]) > accuracy
    rows = re.findall(r"^digit (\d) +(\d+)  [\d.]+ +([\d.]+)  [\d.]+$", ran.out, re.MULTILINE)
    right = sum(int(count) * float(recall) for _, count, recall in rows)
    assert right / 355 == pytest.approx(accuracy, abs=1e-4)
    lines = list(csv.reader((digits / "c.csv").read_text().splitlines()))
    assert lines[0] == ["label", *(f"digit {i}" for i in range(10))]
    assert sum(int(row[i]) for i, row in enumerate(lines) if i) / 355 == pytest.approx(
        accuracy, rel=1e-5
    )
    assert (digits / "c.txt").read_text().startswith("label    digit 0  digit 1")
    assert cv2.imread("c.png").shape[2] == 3

    ran = netdef("test", *MODEL, *options, "--whole-set", "--json")
    told = json.loads(ran.out)
    assert told["outputs"][0] == {"name": "accuracy", "value": pytest.approx(accuracy, rel=1e-5)}
    assert (told["labels"], list(told["top"])) == (355, ["1", "3"])
    assert told["confusion"] == [[int(v) for v in row[1:]] for row in lines[1:]]
    assert [c["name"] for c in told["classes"]] == lines[0][1:]
    assert told["classes"][3]["pictures"] == sum(told["confusion"][3])


def test_json_without_classes(digits, netdef, weights):
    ran = netdef("test", *MODEL, "--weights", weights, "--iterations", 1, "--json")
    assert list(json.loads(ran.out)) == ["loss", "outputs"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--whole-set", "--iterations", 2),
            "Error: give --iterations or --whole-set, not both\n",
        ),
        (("--top", "0"), "Error: Invalid value for '--top': '0' is not of the form '1,5'.\n"),
        (("--top", "11", "--whole-set"), "netdef: error: top 11 of only 10 classes\n"),
        (
            ("--confusion", "c.jpg"),
            "Error: Invalid value for '--confusion': 'c.jpg' ends in none of .csv, .txt, .png.\n",
        ),
        (("--labels", "no.txt", "--per-class"), "netdef: error: no.txt: no such file or folder\n"),
    ],
)
def test_mistakes(digits, netdef, weights, options, message):
    ran = netdef("test", *MODEL, "--weights", weights, *options)
    assert ran.status == 2
    assert ran.err.endswith(message)


def test_a_folder_that_is_not_there_is_found_before_the_test(digits, netdef, weights):
    ran = netdef("test", *MODEL, "--weights", weights, "--confusion", "none/c.png")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == ("netdef: error: none/c.png: its folder does not exist; make none first\n")


def test_names_of_the_zoo_bring_weights_and_classes(netdef, mnist, monkeypatch):
    monkeypatch.chdir(mnist)
    ran = netdef("test", "--model", "zoo:lenet", "--iterations", 2, "--per-class")
    assert ran.status == 0, ran.err
    assert re.search(r"^7 +\d+  [01]\.\d{4} ", ran.out, re.MULTILINE)


@pytest.fixture(scope="module")
def mnist(shared, tmp_path_factory):
    """A folder in which the configurations of MNIST find their databases."""
    folder = tmp_path_factory.mktemp("mnist")
    convert_mnist(shared / "data" / "mnist", folder / "examples" / "mnist")
    return folder


@pytest.mark.parametrize(
    ("weights", "accuracy"),
    [("lenet_iter_10000.caffemodel", "0.9909"), ("v1era_lenet_iter_10000.caffemodel", "0.9905")],
)
def test_caffe_s_lenets_score_as_in_caffe(
    netdef, mnist, shared, monkeypatch, pytestconfig, weights, accuracy
):
    monkeypatch.chdir(mnist)
    model = pytestconfig.rootpath / "configs" / "mnist" / "lenet_train_test.prototxt"
    trained = shared / "data" / "models" / "lenet" / weights
    ran = netdef("test", "--model", model, "--weights", trained, "--iterations", 100)
    assert ran.out.splitlines()[-2] == f"accuracy = {accuracy}"

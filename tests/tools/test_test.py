"""``netdef test``: trained weights on test data."""

import re

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
    assert ran.err.endswith("\nError: Missing option '--weights'.\n")


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

"""What ``netdef train`` begins from: weights that fit or not, and the rates of layers."""

import numpy as np
import pytest

import netdef as library

from .editing import edit

SOLVER = ("train", "--solver", "digits_solver.prototxt", "max_iter=2", "display=0")


@pytest.fixture
def weights(digits):
    """Weights nobody trained."""
    library.set_random_seed(3)
    net = library.Net("digits_train_test.prototxt", library.TEST)
    net.save("w.caffemodel")
    blobs = {name: [np.array(b.data) for b in held] for name, held in net.params.items()}
    net.close()
    return blobs


def trained():
    net = library.Net("digits_train_test.prototxt", library.TEST)
    net.copy_from("digits_iter_2.caffemodel")
    net.close()
    return {name: [np.array(b.data) for b in held] for name, held in net.params.items()}


def changed(before):
    return {
        name
        for name, blobs in trained().items()
        if any((a != b).any() for a, b in zip(blobs, before[name], strict=True))
    }


def test_what_is_frozen_stays(netdef, weights):
    ran = netdef(*SOLVER, "--weights", "w.caffemodel", "--freeze", "conv*", "--freeze", "ip1")
    assert ran.status == 0, ran.err
    assert changed(weights) == {"ip2"}


def test_rates_are_multiplied(netdef, weights):
    ran = netdef(*SOLVER, "--lr-mult", "ip2=10,conv*=0.5", "--dry-run")
    assert ran.status == 0, ran.err
    rates = {}
    for block in ran.out.split("\nlayer {")[1:]:
        name = block.partition('name: "')[2].partition('"')[0]
        rates[name] = [float(line.split()[1]) for line in block.splitlines() if "lr_mult" in line]
    assert {name: found for name, found in rates.items() if found} == {
        "conv1": [0.5, 1], "conv2": [0.5, 1], "ip2": [10, 20],
    } | {"ip1": rates["ip1"]}  # fmt: skip


def test_patterns_that_name_nothing(netdef, weights):
    ran = netdef(*SOLVER, "--freeze", "conv1,ip_2")
    assert (ran.status, ran.err) == (
        2, "netdef: error: 'ip_2' names no layer with weights; did you mean 'ip2'?\n",
    )  # fmt: skip


def test_the_report_has_the_shapes(netdef, weights):
    ran = netdef(*SOLVER, "--weights", "w.caffemodel")
    rows = [line.split() for line in ran.err.splitlines()]
    assert ["ip2", "loaded", "10x128", "10", "10x128", "10"] in rows


def test_weights_of_other_shapes(digits, netdef, weights):
    edit(digits / "digits_train_test.prototxt", ("num_output: 128", "num_output: 96"))
    ran = netdef(*SOLVER, "--weights", "w.caffemodel")
    assert (ran.status, "blob 0 has the shape (128, " in ran.err) == (2, True)
    ran = netdef(*SOLVER, "--weights", "w.caffemodel", "--on-mismatch", "skip", "--freeze", "conv*")
    assert ran.status == 0, ran.err
    assert "w.caffemodel: 2 layers loaded; 2 of other shapes (ip1, ip2)\n" in ran.err
    ran = netdef(
        *SOLVER, "--weights", "w.caffemodel", "--on-mismatch", "resize", "--lr-mult", "*=0"
    )
    assert ran.status == 0, ran.err
    assert "w.caffemodel: 2 layers loaded; 2 resized (ip1, ip2)\n" in ran.err
    np.testing.assert_array_equal(trained()["ip2"][0], weights["ip2"][0][:, :96])

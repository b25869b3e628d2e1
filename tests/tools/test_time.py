"""``netdef time``: what the layers of a net take."""

import re

import pytest

NUMBER = r"\d[\d.e-]*"


@pytest.fixture
def timed(digits, netdef):
    return lambda *options: netdef(
        "time", "--model", "digits_train_test.prototxt", "--iterations", 2, *options
    )


def test_each_layer_and_the_whole_in_caffe_s_words(timed):
    ran = timed()
    assert (ran.status, ran.err) == (0, "")
    line = rf"^ *(\w+)  (forward|backward): {NUMBER} ms\. \(median {NUMBER} ms\)$"
    found = re.findall(line, ran.out, re.MULTILINE)
    assert found[:4] == [
        ("digits", "forward"),
        ("digits", "backward"),
        ("conv1", "forward"),
        ("conv1", "backward"),
    ]
    assert len(found) == 2 * 12
    for title in ("Forward pass", "Backward pass", "Forward-Backward"):
        assert re.search(rf"^Average {title}: {NUMBER} ms\.", ran.out, re.MULTILINE)
    assert re.search(rf"^Total Time: {NUMBER} ms\.$", ran.out, re.MULTILINE)
    assert re.search(rf"^Preparation: {NUMBER} ms, once: .+\.\Z", ran.out.strip(), re.MULTILINE)


def test_a_table_with_the_slowest_layer_first(timed):
    lines = timed("--table").out.splitlines()
    assert lines[0].endswith("  type             forward ms  backward ms  both ms  median ms")
    rows = [line.split() for line in lines[2:14]]
    both = [float(row[-2]) for row in rows]
    assert both == sorted(both, reverse=True)
    assert {row[0] for row in rows} >= {"digits", "conv1", "loss"}
    assert lines[15].startswith("sum ")


def test_testing_runs_no_backward(timed):
    out = timed("--phase", "TEST").out
    backward = re.search(rf"^Average Backward pass: ({NUMBER}) ms", out, re.MULTILINE)
    forward = re.search(rf"^Average Forward pass: ({NUMBER}) ms", out, re.MULTILINE)
    assert backward and forward
    assert float(backward[1]) < float(forward[1]) / 10
    assert "accuracy  forward" in out


def test_no_iterations_are_a_mistake(timed):
    ran = timed("--iterations", 0)
    assert ran.status == 2
    assert ran.err.endswith(
        "\nError: Invalid value for '--iterations': 0 is not in the range x>=1.\n"
    )

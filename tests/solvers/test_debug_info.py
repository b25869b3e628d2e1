import re

import numpy as np
import pytest

from netdef.solvers.debug_info import DebugInfo
from netdef.solvers.reporter import Reporter
from netdef.solvers.several_reporters import SeveralReporters
from tests.solvers.test_solver import solver

NUMBER = r"-?\d[-+.\de]*"


class Notes(Reporter):
    def __init__(self):
        self.lines = []

    def noted(self, message):
        self.lines.append(message)


def notes_of(extra, keep="outputs", iterations=None):
    notes = Notes()
    trained = solver(extra, keep=keep)
    trained.reporter = SeveralReporters([notes, DebugInfo(trained)])
    trained.solve()
    return notes.lines, trained


def test_the_lines_of_an_iteration_that_displays(folder):
    lines, _ = notes_of("display: 2\nmax_iter: 2")
    assert [re.sub(rf"(?<=[ (]){NUMBER}(?=$|[,;)])", "#", line) for line in lines] == [
        "    [Forward] Layer data, top blob x data: #",
        "    [Forward] Layer data, top blob label data: #",
        "    [Forward] Layer ip1, top blob ip1 data: #",
        "    [Forward] Layer ip1, param blob 0 data: #",
        "    [Forward] Layer ip1, param blob 1 data: #",
        "    [Forward] Layer tanh, top blob ip1 data: #",
        "    [Forward] Layer ip2, top blob ip2 data: #",
        "    [Forward] Layer ip2, param blob 0 data: #",
        "    [Forward] Layer ip2, param blob 1 data: #",
        "    [Forward] Layer loss, top blob loss data: #",
        "    [Backward] Layer loss, bottom blob ip2 diff: #",
        "    [Backward] Layer ip2, bottom blob ip1 diff: #",
        "    [Backward] Layer ip2, param blob 0 diff: #",
        "    [Backward] Layer ip2, param blob 1 diff: #",
        "    [Backward] Layer tanh, bottom blob ip1 diff: #",
        "    [Backward] Layer ip1, param blob 0 diff: #",
        "    [Backward] Layer ip1, param blob 1 diff: #",
        "    [Backward] All net params (data, diff): L1 norm = (#, #); L2 norm = (#, #)",
        "    [Update] Layer ip1, param 0 data: #; diff: #",
        "    [Update] Layer ip1, param 1 data: #; diff: #",
        "    [Update] Layer ip2, param 0 data: #; diff: #",
        "    [Update] Layer ip2, param 1 data: #; diff: #",
    ]


@pytest.mark.parametrize("keep", ["outputs", "blobs"])
def test_the_numbers(folder, keep):
    lines, _ = notes_of("display: 1\nmax_iter: 1\nmomentum: 0", keep)
    said = {line.strip().rpartition(": ")[0]: float(line.rpartition(": ")[2])
            for line in lines if "norm" not in line and "Update" not in line}  # fmt: skip
    net = solver("").net
    net.clear_param_diffs()
    net.forward()
    net.backward()

    def size(array):
        return pytest.approx(np.abs(array).mean(), rel=1e-4)

    assert said["[Forward] Layer tanh, top blob ip1 data"] == size(net.blobs["ip1"].data)
    assert said["[Forward] Layer ip1, top blob ip1 data"] != size(net.blobs["ip1"].data)
    assert said["[Forward] Layer loss, top blob loss data"] == size(net.blobs["loss"].data)
    assert said["[Backward] Layer loss, bottom blob ip2 diff"] == size(net.blobs["ip2"].diff)
    weight = net.params["ip1"][0]
    assert said["[Forward] Layer ip1, param blob 0 data"] == size(weight.data)
    assert said["[Backward] Layer ip1, param blob 0 diff"] == size(weight.diff)
    (norms,) = (re.findall(rf"[ (]({NUMBER})[,)]", line) for line in lines if "norm" in line)
    both = [np.concatenate([getattr(p, what).ravel() for ps in net.params.values() for p in ps])
            for what in ("data", "diff")]  # fmt: skip
    expected = [np.linalg.norm(a, order) for order in (1, 2) for a in both]
    assert [float(n) for n in norms] == pytest.approx(expected, rel=1e-4)
    update = next(line for line in lines if "[Update] Layer ip1, param 0" in line)
    data, diff = (float(n) for n in re.findall(rf": ({NUMBER})(?=;|$)", update))
    assert data == size(weight.data)
    assert diff == size(0.1 * weight.diff)


def test_only_iterations_that_display_are_looked_at_and_none_changes(folder):
    lines, watched = notes_of("display: 3\nmax_iter: 6")
    assert sum("[Update] Layer ip1, param 0" in line for line in lines) == 2
    assert sum("[Forward] Layer loss" in line for line in lines) == 2
    plain = solver("max_iter: 6", keep="outputs")
    plain.solve()
    np.testing.assert_array_equal(watched.net.weights.data, plain.net.weights.data)


def test_weights_that_are_shared_or_stay(folder):
    net = folder / "net.prototxt"
    text = net.read_text().replace(
        'bottom: "ip1" top: "ip2"', 'bottom: "ip1" top: "ip2" param { lr_mult: 0 }'
    )
    text = text.replace(
        'layer { name: "ip2"',
        'layer { name: "a" type: "InnerProduct" bottom: "ip1" top: "a" param { name: "w" }'
        " inner_product_param { num_output: 7 bias_term: false } }\n"
        'layer { name: "b" type: "InnerProduct" bottom: "a" top: "b" param { name: "w" }'
        " inner_product_param { num_output: 7 bias_term: false } }\n"
        'layer { name: "ip2"',
    ).replace('bottom: "ip1" top: "ip2"', 'bottom: "b" top: "ip2"')
    net.write_text(text)
    lines, _ = notes_of("display: 1\nmax_iter: 1")
    heads = [line.strip().partition(": ")[0] for line in lines]
    assert "[Update] Layer a, param w data" in heads
    assert "[Update] Layer b, param blob w (owned by layer a, param w) diff" in heads
    assert "[Backward] Layer ip2, param blob 0 diff" not in heads
    assert "[Update] Layer ip2, param 0 data" not in heads
    assert "[Forward] Layer ip2, param blob 0 data" in heads

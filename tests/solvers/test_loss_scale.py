"""Gradients multiplied on their way back, so that float16 holds them, and divided again."""

import numpy as np
import pytest
from google.protobuf import text_format

from netdef.errors import ConfigError, Diverged
from netdef.proto import SolverParameter
from netdef.solvers import loss_scale
from netdef.solvers.debug_info import DebugInfo
from netdef.solvers.reporter import Reporter
from netdef.solvers.several_reporters import SeveralReporters
from netdef.solvers.solver import Solver
from tests.engines.gpu_on_cpu import gpu_with_cudnn
from tests.solvers.conftest import SOLVER
from tests.solvers.test_solver import solver, weights

RULES = {
    "SGD": "clip_gradients: 0.05 weight_decay: 0.01 iter_size: 2",
    "Adam": "momentum2: 0.99 weight_decay: 0.01",
    "LARS": "weight_decay: 0.01 clip_gradients: 0.05",
}


class Notes(Reporter):
    """Writes down what is noted, by the iteration."""

    def __init__(self):
        self.heard = []

    def noted(self, message):
        self.heard.append(message)


@pytest.fixture
def gpu(folder, tmp_path):
    with gpu_with_cudnn(tmp_path / "plans") as found:
        yield found


def on_gpu(more, precision="FP16", reporter=None):
    """Return a solver of the small net, as a prototxt that leaves the device to the user."""
    text = SOLVER.replace("solver_mode: CPU", "") + f"precision: {precision} {more}"
    param = text_format.Parse(text, SolverParameter())
    return Solver(param, "s.prototxt", keep="outputs", reporter=reporter)


def learned(mine):
    return np.concatenate([np.ravel(p.data) for ps in mine.net.params.values() for p in ps])


@pytest.mark.parametrize("rule", RULES)
def test_a_power_of_two_changes_no_bit(rule, folder):
    found = []
    for more in ("", "loss_scale: 4096", "loss_scale: 1000"):
        mine = solver(f"type: '{rule}'\n{RULES[rule]}\n{more}")
        mine.step(4)
        found.append(weights(mine))
    for one, two, three in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)
        assert np.abs(one - three).max() < 1e-5  # another factor rounds


def test_a_loss_inside_a_net_is_scaled_as_well(folder):
    net = (folder / "net.prototxt").read_text()
    (folder / "net.prototxt").write_text(
        net.replace('type: "TanH" bottom: "ip1" top: "ip1"', 'type: "TanH" bottom: "ip1"'
                    ' top: "tanh" loss_weight: 0.1').replace('bottom: "ip1" top: "ip2"',
                                                             'bottom: "tanh" top: "ip2"')
    )  # fmt: skip
    found = []
    for more in ("", "loss_scale: 256"):
        mine = solver(more)
        mine.step(2)
        found.append(weights(mine))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


def test_gradients_that_are_saved_and_told_of_are_not_scaled(folder):
    seen = []
    for more in ("", "loss_scale: 4096"):
        notes = Notes()
        mine = solver(f"display: 1\n{more}", reporter=SeveralReporters([notes]))
        mine.reporter = SeveralReporters([notes, DebugInfo(mine)])
        mine.solve()
        mine.net.save("w.caffemodel", with_diffs=True)
        seen.append(((folder / "w.caffemodel").read_bytes(), notes.heard))
    assert seen[0] == seen[1]
    assert len(notes.heard) > 10


def test_blobs_of_16_bits_are_told_of_as_well(gpu):
    told = []
    for precision in ("F32", "FP16"):
        notes = Notes()
        mine = on_gpu("display: 1", precision)
        mine.param.max_iter = 1
        mine.reporter = SeveralReporters([notes, DebugInfo(mine)])
        mine.solve()
        told.append(dict(line.rpartition(": ")[::2] for line in notes.heard if "Layer" in line))
    assert told[0].keys() == told[1].keys()
    assert any("ip1 data" in title for title in told[1])
    for title, size in told[0].items():
        assert float(told[1][title]) == pytest.approx(float(size), rel=5e-3), title


def test_the_factor_must_be_one(folder):
    with pytest.raises(ConfigError, match="^a.solver.prototxt: loss_scale must be above 0, got 0$"):
        solver("loss_scale: 0")


def test_the_factor_is_searched_in_fp16_alone(gpu):
    assert on_gpu("").loss_scale.value == 2**16
    assert on_gpu("loss_scale: 128").loss_scale.value == 128
    assert on_gpu("", "BF16").loss_scale.value == on_gpu("", "F32").loss_scale.value == 1


def test_gradients_too_large_leave_the_weights_and_halve_the_factor(gpu):
    notes = Notes()
    mine = on_gpu("iter_size: 2", reporter=notes)
    mine.step(1)
    mine.loss_scale.go_on(2.0**24, 1500)
    before, histories = learned(mine), [np.array(h.get()) for h in mine.update.histories]
    factors = []
    for _ in range(12):
        mine.step(1)
        factors.append(mine.loss_scale.value)
        if mine.loss_scale.held == 0:
            np.testing.assert_array_equal(learned(mine), before)
            for one, two in zip(histories, mine.update.histories, strict=True):
                np.testing.assert_array_equal(one, two.get())
        else:
            break
    tried = len(factors) - 1
    assert tried > 0
    assert factors == [2.0 ** (24 - min(i, tried)) for i in range(1, tried + 2)]
    assert (learned(mine) != before).any()
    assert notes.heard == [
        f"Iteration {i + 1}: a gradient is no number; the loss_scale is {factor:.9g} from now on,"
        " and no weight changes"
        for i, factor in enumerate(factors[:-1])
    ]
    assert mine.iter == 1 + len(factors) and len(mine.losses) == 1


def test_the_factor_grows_after_many_good_iterations(gpu, monkeypatch):
    monkeypatch.setattr(loss_scale, "_PATIENCE", 3)
    notes = Notes()
    mine = on_gpu("", reporter=notes)
    mine.step(2)
    assert (mine.loss_scale.value, mine.loss_scale.held, notes.heard) == (2**16, 2, [])
    mine.step(1)
    assert (mine.loss_scale.value, mine.loss_scale.held) == (2**17, 0)
    assert mine.net.loss_scale == 2**17
    assert notes.heard == ["Iteration 2: the loss_scale is 131072 from now on"]


def test_a_run_in_float16_that_is_resumed_ends_as_one_that_never_stopped(gpu, monkeypatch):
    monkeypatch.setattr(loss_scale, "_PATIENCE", 3)
    whole = on_gpu("")
    whole.step(5)
    first = on_gpu("snapshot_prefix: 'half'")
    first.step(2)
    first.snapshot()
    second = on_gpu("")
    second.restore("half_iter_2.solverstate")
    assert second.loss_scale.held == 2
    second.step(3)
    np.testing.assert_array_equal(learned(second), learned(whole))
    assert (second.loss_scale.value, second.loss_scale.held) == (2**17, 2)
    assert (whole.loss_scale.value, whole.loss_scale.held) == (2**17, 2)


def test_a_gradient_that_no_factor_makes_a_number_ends_the_run(gpu, monkeypatch):
    monkeypatch.setattr(loss_scale, "_LEAST", 2.0**15)
    mine = on_gpu("")
    mine.net.weights.grad = mine.net.weights.grad * np.float32("nan")
    mine.net.clear_param_diffs = lambda: None
    mine.step(1)
    message = "s.prototxt: iteration 1: a gradient is no number whatever the loss_scale"
    with pytest.raises(Diverged, match=message):
        mine.step(1)

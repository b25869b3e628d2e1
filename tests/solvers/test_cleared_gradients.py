"""Gradients that an update on a GPU sets to 0, where nobody looks at them behind it."""

import numpy as np
import pytest

import netdef
from netdef import mode
from netdef.net import Net
from tests.engines import stand_in
from tests.solvers.conftest import SOLVER


@pytest.fixture(autouse=True)
def gpu(monkeypatch):
    monkeypatch.setattr(mode._chosen, "device", stand_in.device())


@pytest.fixture
def fills(monkeypatch):
    """The number of times that gradients were set to 0 in a pass of its own."""
    counted, clear = [], Net.clear_param_diffs
    monkeypatch.setattr(Net, "clear_param_diffs", lambda net: (counted.append(net), clear(net)))
    return counted


def solver(folder, keep, more=""):
    text = SOLVER.replace("solver_mode: CPU", "iter_size: 2 weight_decay: 0.01") + more
    (folder / "solver.prototxt").write_text(text)
    return netdef.get_solver("solver.prototxt", keep=keep)


def weights(trained):
    return trained.net.weights.data.get()


def test_training_is_the_same(folder, fills):
    looked_at, left = (solver(folder, keep) for keep in ("blobs", "outputs"))
    looked_at.step(4)
    assert len(fills) == 4
    left.step(4)
    assert len(fills) == 5
    np.testing.assert_array_equal(weights(looked_at), weights(left))
    assert looked_at.net.params["ip1"][0].diff.any()
    assert not left.net.params["ip1"][0].diff.any()


def test_backward_by_hand_does_not_count(folder):
    looked_at, left = (solver(folder, keep) for keep in ("blobs", "outputs"))
    for each in (looked_at, left):
        each.step(2)
        each.net.backward()
        each.step(2)
    np.testing.assert_array_equal(weights(looked_at), weights(left))


def test_a_pass_that_was_left_out_does_not_count(folder, monkeypatch):
    def poison(nets):
        """Let the second batch of the second iteration have no loss."""
        forward, passes = nets.forward, []

        def run(*arguments, **named):
            passes.append(None)
            found = forward(*arguments, **named)
            if len(passes) == 4:
                value = nets.executor.plan.program.blobs["loss"]
                nets.executor.array(value)[...] = np.nan
            return found

        monkeypatch.setattr(nets, "forward", run)

    looked_at, left = (solver(folder, keep, "on_nan: 'continue'") for keep in ("blobs", "outputs"))
    for each in (looked_at, left):
        poison(each.net)
        each.step(4)
        assert each.net.weights.data.get().any()
    np.testing.assert_array_equal(weights(looked_at), weights(left))


def test_snapshots_with_gradients_have_them(folder, fills):
    left = solver(folder, "outputs", "snapshot_diff: true snapshot_prefix: 'run'")
    left.step(2)
    assert len(fills) == 2
    left.snapshot()
    assert left.net.params["ip1"][0].diff.any()

import re

import numpy as np
import pytest

from netdef.errors import ConfigError
from netdef.prototxt import parse_solver
from netdef.solvers import Solver
from netdef.solvers.lr_search import Sweep, sweep
from tests.solvers.conftest import SOLVER

TESTS = 'test_iter: 1 test_interval: 1 snapshot: 1 snapshot_prefix: "s" monitor: "accuracy"'


def of(extra="", **how):
    return sweep(parse_solver(SOLVER + extra, "s.prototxt"), "s.prototxt", **how)


def test_rates_grow_by_a_factor(folder):
    told = []
    found = of(TESTS, first=1e-4, last=1e-2, iterations=21, tell=lambda *t: told.append(t))
    np.testing.assert_allclose(found.rates, np.geomspace(1e-4, 1e-2, 21), rtol=1e-5)
    assert told == [(i, 21) for i in range(1, 22)]
    assert not list(folder.glob("s_*"))


def test_the_losses_are_those_of_training_with_these_rates(folder):
    found = of(first=0.01, last=0.02, iterations=20)
    text = (
        SOLVER.replace("max_iter: 6", "max_iter: 20")
        .replace("fixed", "exp")
        .replace("base_lr: 0.1", "base_lr: 0.01")
    )
    solver = Solver(parse_solver(text + f"gamma: {2 ** (1 / 19)}", "s"), "s")
    losses = []
    for _ in range(20):
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data))
    assert found.losses == pytest.approx(losses, rel=1e-5)


def test_a_loss_that_grows_ends_it(folder):
    found = of(first=1, last=1e8, iterations=100)
    assert 10 <= len(found.rates) < 60


def made(*losses):
    return Sweep(tuple(10.0**i for i in range(-19, 1))[: len(losses)], losses)


def test_smoothing():
    assert made(4.0, 2.0).smoothed == pytest.approx([4, (0.9 * 0.4 + 0.2) / 0.19])


def test_the_rate_at_the_steepest_place_is_suggested():
    found = made(9, 8, *[4] * 12, 1, 1, 1, 1, 9, 20)
    falls = np.diff(found.smoothed)[10:]
    assert int(falls.argmin()) == 3
    assert found.suggestion in (found.rates[13], found.rates[14])


@pytest.mark.parametrize(
    "losses", [(), (1.0,), range(1, 21), (1.0,) * 20, (1.0,) * 18 + (0.98, 0.98), (9, *[1.0] * 9)]
)
def test_nothing_to_suggest(losses):
    assert made(*losses).suggestion is None


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"first": 0}, "the rate must grow from more than 0: got 0 to 1"),
        ({"first": 0.1, "last": 0.01}, "the rate must grow from more than 0: got 0.1 to 0.01"),
        ({"iterations": 19}, "a sweep takes at least 20 iterations, got 19"),
    ],
)
def test_refusals(folder, how, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        of(**how)

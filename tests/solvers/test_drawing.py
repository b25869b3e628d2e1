import re
import sys

import cv2
import pytest

from netdef.errors import ConfigError, RunError
from netdef.solvers.curves import Curves, Row
from netdef.solvers.drawing import draw_rates, draw_runs, draw_sweep
from netdef.solvers.lr_search import Sweep

LOSSES = (*[4.0] * 12, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0, 9.0)
SWEEP = Sweep(tuple(10.0**i for i in range(-19, 1)), LOSSES)


def run(name="first"):
    train = [Row(i, i, {"cost": 2.0 / (i + 1)}, 2.0 / (i + 1)) for i in range(5)]
    tests = [Row(i, i, {"accuracy": i / 5, "cost": 1.0}) for i in range(5)]
    return Curves(name, train, {0: tests}, dict.fromkeys(range(5), 0.1))


def words(path):
    """Return the texts of an SVG, which matplotlib leaves as comments."""
    return set(re.findall(r"<!-- (.*?) -->", path.read_text()))


def test_curves_of_two_runs(tmp_path):
    path = tmp_path / "a.svg"
    draw_runs([run(), run("second")], path)
    assert words(path) >= {
        *(f"{name}: {what}" for name in ("first", "second")
          for what in ("training", "test cost", "accuracy")),
        "iteration", "loss", "test outputs", "learning rate",
    }  # fmt: skip


def test_only_panels_that_have_something(tmp_path):
    path = tmp_path / "a.svg"
    draw_runs([Curves("r", [Row(0, 0, {}, 1.0), Row(1, 1, {}, 0.5)])], path)
    assert "loss" in words(path)
    assert not words(path) & {"test outputs", "learning rate"}


def test_losses_of_tests_stand_with_those_of_training(tmp_path):
    losses = run()
    for row in losses.tests[0]:
        row.outputs = {"cost": 1.0, "loss2": 2.0}
    draw_runs([losses], tmp_path / "a.svg")
    found = words(tmp_path / "a.svg")
    assert found >= {"first: test cost", "first: test loss2", "learning rate"}
    assert "test outputs" not in found


def test_two_test_nets_are_told_apart(tmp_path):
    both = run()
    both.tests[1] = both.tests[0]
    draw_runs([both], tmp_path / "a.svg")
    assert words(tmp_path / "a.svg") >= {
        "first: accuracy of net #0",
        "first: accuracy of net #1",
        "first: test cost of net #0",
    }


def test_a_schedule(tmp_path):
    draw_rates([0.1, 0.2], 0, "lr_policy: fixed", tmp_path / "a.svg")
    assert words(tmp_path / "a.svg") >= {"lr_policy: fixed", "iteration", "learning rate"}


def test_a_sweep(tmp_path):
    draw_sweep(SWEEP, tmp_path / "a.svg")
    assert words(tmp_path / "a.svg") >= {"loss", "smoothed", f"suggested: {SWEEP.suggestion:.2g}"}


def test_a_png_has_a_picture_in_it(tmp_path):
    path = tmp_path / "a.png"
    draw_sweep(SWEEP, path)
    pixels = cv2.imread(str(path))
    assert pixels.shape[1] == 960
    assert len({tuple(p) for p in pixels.reshape(-1, 3).tolist()}) > 10
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_an_ending_that_is_none(tmp_path):
    message = "a.jpg: pictures end in .png, .svg, .pdf; choose one of them"
    with pytest.raises(ConfigError, match=f"^{message}$"):
        draw_sweep(SWEEP, "a.jpg")


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    message = (
        r"^pictures are drawn by matplotlib, which is not installed; pip install 'netdef\[plot\]'$"
    )
    with pytest.raises(RunError, match=message):
        draw_sweep(SWEEP, "a.png")

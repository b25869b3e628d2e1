"""Whose turn it is, who stays away, and what failures do."""

import time

import pytest
from sides import Side
from turns import take_turns

from netdef.errors import RunError


class Waits:
    """Takes so many milliseconds, and fails if told so."""

    def __init__(self, ms, fails=False):
        if fails:
            raise SystemExit("cannot compile")
        self.passes = {
            "forward": lambda: time.sleep(ms / 4e3),
            "train": lambda: time.sleep(ms / 1e3),
        }

    def about(self):
        return {"plan_mb": 1}


def side(form, variant, *arguments, may_fail=False):
    return Side(form, variant, Waits, arguments, {}, may_fail)


def test_the_runs_of_all_rounds_are_kept():
    given = [side("netdef", "", 4), side("torch", "NCHW", 8)]
    first, second = take_turns("net", given, rounds=2, seconds=0.1)
    assert (first.side, second.side) == tuple(given)
    assert list(first.times) == ["forward", "train"]
    # A round of 100 ms has 100 / (1 + 4) runs of each pass, or fewer where sleeping takes longer.
    assert 2 <= len(second.times["train"]) < len(first.times["train"]) <= 2 * 20
    assert min(first.times["train"]) >= 4 > min(first.times["forward"]) >= 1
    assert first.about == {"plan_mb": 1} and first.peak_mb > 1


def test_each_round_has_at_least_one_run_of_each_pass():
    (taken,) = take_turns("net", [side("netdef", "", 10)], rounds=3, seconds=0.001)
    assert {name: len(ms) for name, ms in taken.times.items()} == {"forward": 3, "train": 3}


class SlowAtFirst(Waits):
    """Takes a while to come to its speed, as what was just compiled does."""

    def __init__(self):
        super().__init__(2)
        self.waits = iter([0.2] * 4)
        self.passes = {"train": lambda: time.sleep(next(self.waits, 0.002))}


def test_a_side_that_is_slow_at_first_goes_on():
    given = [side("torch", "NCHW", 20), Side("torch", "compiled", SlowAtFirst, (), {})]
    taken = take_turns("net", given, rounds=1, seconds=0.001)
    assert [t.side.variant for t in taken] == ["compiled"]


def test_the_much_slower_variant_of_a_form_stays_away(capsys):
    given = [
        side("netdef", "", 20),
        side("torch", "slow", 60),
        side("torch", "fast", 4),
        side("torch", "slow too", 60),
    ]
    taken = take_turns("net", given, rounds=1, seconds=0.01)
    assert [t.side.name for t in taken] == ["netdef", "torch, fast"]
    said = capsys.readouterr().err
    assert said.count("left out: torch, slow") == 2 and "times its form's best" in said


def test_a_side_that_may_fail_is_left_out(capfd):
    given = [side("netdef", "", 1), side("torch", "compiled", 1, True, may_fail=True)]
    taken = take_turns("net", given, rounds=1, seconds=0.01)
    assert [t.side.name for t in taken] == ["netdef"]
    said = capfd.readouterr().err
    assert "cannot compile" in said
    assert "left out: torch, compiled: a contender's process ended; its message is above" in said


def test_another_side_must_not_fail(capfd):
    with pytest.raises(RunError, match=r"^a contender's process ended; its message is above$"):
        take_turns("net", [side("netdef", "", 1, True)], rounds=1, seconds=0.01)

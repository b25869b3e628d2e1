"""Who is in the final."""

import pytest
from contenders import Task
from heats import heat_table, plain_ones, race
from sides import Side
from turns import Taken

from netdef.errors import RunError

NET = Task("lenet.prototxt", batch=10)


def side(variant, ms, form="torch"):
    """One that takes so many milliseconds, as ``turns`` says, or fails if that is None."""
    return Side(form, variant, None, (NET, ms), {}, may_fail=form == "torch")


MINE = side("", 10, "netdef")


@pytest.fixture(autouse=True)
def turns(monkeypatch):
    """Runs nothing; returns who took turns with whom, and for how long."""
    seen = []

    def take_turns(net, sides, rounds, seconds):
        seen.append(([s.variant for s in sides], rounds, seconds))
        ran = [s for s in sides if s.arguments[1] is not None]
        return [
            Taken(s, {"train": [s.arguments[1] + 2, s.arguments[1], s.arguments[1] + 1]}, 7.0)
            for s in ran
        ]

    monkeypatch.setattr("heats.take_turns", take_turns)
    return seen


def test_the_fastest_and_who_comes_close_are_in_the_final(turns):
    others = [side("slow", 23), side("close", 22), side("fast", 20), side("fails", None)]
    found = race("net", MINE, others, rounds=3, seconds=2.0)
    assert [t.side.variant for t in found.heats] == ["slow", "close", "fast"]
    assert [t.side.name for t in found.final] == ["netdef", "torch, fast", "torch, close"]
    alone = [([variant], 1, 2.0) for variant in ("slow", "close", "fast", "fails")]
    assert turns == [*alone, (["", "fast", "close"], 3, 2.0)]


def test_the_final_has_room_for_two_others():
    found = race("net", MINE, [side("1", 21), side("2", 22), side("3", 20)], 1, 0.01)
    assert [t.side.variant for t in found.final] == ["", "3", "1"]


def test_without_others_netdef_stands_alone():
    found = race("net", MINE, [], rounds=1, seconds=0.01)
    assert (found.heats, [t.side for t in found.final]) == ([], [MINE])


def test_all_others_must_not_fail():
    with pytest.raises(RunError, match=r"^net: none of the 2 other sides ran; see above why$"):
        race("net", MINE, [side("one", None), side("other", None)], rounds=1, seconds=0.01)


def test_the_first_that_is_not_compiled_must_not_fail():
    (plain,) = plain_ones([side("compiled", "default"), side("NCHW", None), side("other", None)])
    assert (plain.variant, plain.may_fail) == ("NCHW", False)


def test_the_table_of_heats_begins_with_the_fastest(monkeypatch):
    monkeypatch.setattr(Task, "images", 10)
    found = race("net", MINE, [side("slow", 20.0), side("fast", 5.0)], rounds=1, seconds=0.01)
    rows = [" ".join(line.split()) for line in heat_table(NET, found).splitlines()[2:]]
    assert rows == ["torch, fast, alone 6.00 5.00 1,667 7", "torch, slow, alone 21.00 20.00 476 7"]

import re

import pytest
from click.testing import CliRunner
from updates import main, measure, sides


def test_sides_take_turns_and_the_first_round_does_not_count():
    calls = []
    medians = measure({name: lambda i, n=name: calls.append(n + str(i)) for name in "ab"}, 2)
    assert calls == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert set(medians) == {"a", "b"}


@pytest.mark.parametrize("rule", ["SGD", "Adam"])
def test_netdef_updates_its_weights(rule):
    from netdef.solvers.update import Update

    update = sides(rule, 1600)["netdef"]
    updater = update.__closure__[0].cell_contents
    assert isinstance(updater, Update)
    before = updater._weights.data.copy()
    update(0)
    assert (updater._weights.data != before).all()


def test_the_command(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # the command sets it; it must not last
    result = CliRunner().invoke(main, ["--count", "1600", "--rounds", "2"])
    assert result.exit_code == 0, result.output
    assert re.match(r"SGD   netdef +\d+\.\d ms\n", result.output)
    assert re.search(r"Adam  netdef +\d+\.\d ms\n", result.output)

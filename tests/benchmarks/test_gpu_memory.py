"""Memory as planned, and as it is."""

import pytest
from click.testing import CliRunner
from gpu_memory import Memory, main, memory_rows


def test_five_percent_is_as_planned():
    assert Memory("net", 100, 105, 0).is_as_planned
    assert Memory("net", 100, 95, 0).is_as_planned
    assert not Memory("net", 100, 105.1, 0).is_as_planned
    assert not Memory("net", 100, 94.9, 0).is_as_planned


def test_the_table_says_what_is_apart():
    found = [Memory("one", 100, 101, 500), Memory("other", 100, 110, 600)]
    rows = [" ".join(line.split()) for line in memory_rows(found).splitlines()[2:]]
    assert rows == ["one 100 101 +1.0% 500", "other 100 110 +10.0% 600 apart"]


def test_on_the_cpu_arrays_are_as_planned():
    arguments = ["--nets", "lenet", "--batch", "256", "--device", "cpu"]
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 0, ran.output
    assert ran.output.splitlines()[2].startswith("lenet ")


def test_what_is_apart_fails(monkeypatch):
    monkeypatch.setattr("gpu_memory.measure_apart", lambda task: Memory("lenet", 100, 120, 0))
    ran = CliRunner().invoke(main, ["--nets", "lenet", "--device", "cpu"])
    assert ran.exit_code == 1
    assert "Error: not as planned: lenet\n" in ran.output
    assert "lenet      100   120  +20.0%       0  apart\n" in ran.output


@pytest.mark.parametrize("word", ["gpu", "-1", "0,1"])
def test_a_device_that_is_none(word):
    ran = CliRunner().invoke(main, ["--device", word])
    assert ran.exit_code == 2
    assert f"'{word}' is neither the number of a GPU nor 'cpu'." in ran.output

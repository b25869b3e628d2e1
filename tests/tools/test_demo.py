"""``netdef demo``: from nothing to trained weights."""

import re
import sys
from importlib import resources

import pytest

SOLVER, NET = "digits_solver.prototxt", "digits_train_test.prototxt"


def own(name: str) -> str:
    return (resources.files("netdef.model_zoo") / "digits" / name).read_text()


@pytest.fixture
def short(tmp_path):
    """A folder whose solver the user has changed to be done soon."""
    folder = tmp_path / "short"
    folder.mkdir()
    text = own(SOLVER).replace("max_iter: 1000", "max_iter: 40 random_seed: 1")
    (folder / SOLVER).write_text(text)
    return folder


def test_files_and_what_to_do_next(netdef, short):
    ran = netdef("demo", "--out", "short")
    assert ran.status == 0
    assert sorted(p.name for p in short.iterdir()) == [
        "digits_iter_40.caffemodel",
        "digits_iter_40.solverstate",
        SOLVER,
        "digits_test_lmdb",
        "digits_train_lmdb",
        NET,
    ]
    assert (short / NET).read_text() == own(NET)
    assert re.fullmatch(
        r"accuracy on digits it has not seen: [\d.]+%\n"
        r"\nThe net, the solver and the weights lie in short\. What you can do next:\n"
        r"\n    cd short"
        rf"\n    netdef show --model {NET}"
        rf"\n    netdef test --model {NET} --weights digits_iter_40\.caffemodel --iterations 1"
        rf"\n    netdef train --solver {SOLVER}\n",
        ran.out,
    )


def test_what_it_says_to_do_next_works(netdef, short, monkeypatch):
    said = netdef("demo", "--out", "short").out
    monkeypatch.chdir(short)
    commands = [line.split()[1:] for line in said.splitlines() if line.startswith("    netdef ")]
    assert [netdef(*command).status for command in commands] == [0, 0, 0]
    accuracy = re.search(r"not seen: ([\d.]+)%", said)
    assert accuracy
    tested = netdef(*commands[1]).out.splitlines()[-2]
    assert tested.startswith("accuracy = ")


def test_it_works_twice(netdef, short):
    first, second = netdef("demo", "--out", "short"), netdef("demo", "--out", "short")
    assert (first.status, second.status) == (0, 0)
    assert first.out == second.out


def test_without_scikit_learn_nothing_is_written(netdef, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    ran = netdef("demo")
    assert (ran.status, ran.err) == (
        1,
        "netdef: error: the digits come with scikit-learn, which is not installed;"
        " pip install 'netdef[demo]'\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(netdef):
    ran = netdef("demo", "--out", "/proc/demo")
    assert (ran.status, ran.err) == (
        1,
        "netdef: error: /proc/demo: its folder does not exist; make /proc first\n",
    )


def test_the_whole_demo_is_right_about_more_than_97_digits_in_100(netdef, tmp_path):
    ran = netdef("demo")
    assert ran.status == 0
    accuracy = re.match(r"accuracy on digits it has not seen: ([\d.]+)%\n", ran.out)
    assert accuracy
    assert float(accuracy[1]) > 97
    assert (tmp_path / "netdef-demo" / "digits_iter_1000.caffemodel").exists()

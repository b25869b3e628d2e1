"""Training on netdef beside PyTorch: who takes part, and the command."""

import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from compare_torch import main, sides
from comparison import Comparison
from contenders import Task

HOW = Comparison((Path("a.prototxt"),), 1, 1.0, 2, ("user",), False)


def test_in_bf16_netdefs_own_f32_takes_part():
    task = Task("a.prototxt", precision="bf16")
    found = {s.form: s.arguments[0].precision for s in sides(task, HOW)}
    assert found == {"netdef": "bf16", "netdef f32": "f32", "torch as started": "bf16"}


def test_in_f32_netdef_is_first():
    names = [s.name for s in sides(Task("a.prototxt"), HOW)]
    assert names == ["netdef", "torch as started, NCHW", "torch as started, channels_last"]


@pytest.fixture
def no_torch(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )


@pytest.mark.usefixtures("no_torch")
def test_without_torch_netdef_stands_alone(tmp_path):
    path = tmp_path / "found.json"
    arguments = ["--nets", "lenet", "--batch", "2", "--rounds", "1", "--seconds", "0.01"]
    ran = CliRunner().invoke(main, [*arguments, "--json", str(path)])
    assert ran.exit_code == 0, ran.output
    assert "PyTorch is not installed: it is left out." in ran.output
    assert "lenet, batch 2, f32; netdef's calls: " in ran.output
    (mine,) = json.loads(path.read_text())
    assert (mine["net"], mine["side"], mine["batch"]) == ("lenet", "netdef", 2)
    assert mine["train_min"] <= mine["train_median"]


@pytest.mark.parametrize(
    ("option", "word", "known"),
    [("--nets", "lenette", "alexnet, cifar10_quick, "), ("--forms", "tunned", "user, tuned")],
)
def test_an_unknown_name_is_bad_usage(option, word, known):
    pytest.importorskip("torch", reason="PyTorch is not installed") if option == "--forms" else None
    ran = CliRunner().invoke(main, [option, word])
    assert ran.exit_code == 2
    assert f"'{word}' is not one of {known}" in ran.output

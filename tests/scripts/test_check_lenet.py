"""``scripts/check_lenet.py``: LeNet on MNIST, by the commands that a user types."""

import check_lenet
import pytest
from check_lenet import accuracy_of, main
from click.testing import CliRunner

PRINTED = """
{"loss": 0.1, "outputs": [{"name": "loss", "value": 0.1}, {"name": "accuracy", "value": 0.98}]}
"""


def test_accuracy_is_that_of_the_output():
    assert accuracy_of(PRINTED) == 0.98


@pytest.mark.parametrize(("least", "status"), [("0.98", 0), ("0.981", 1)])
def test_it_must_be_reached(least, status, tmp_path, monkeypatch):
    seen = []

    def netdef(folder, *arguments):
        seen.append(arguments)
        return PRINTED

    monkeypatch.setattr(check_lenet, "netdef", netdef)
    given = ["--data", str(tmp_path), "--least", least, "--gpu", "1", "--iterations", "7"]
    ran = CliRunner().invoke(main, given)
    assert ran.exit_code == status
    assert "accuracy 0.9800 after 7 iterations in " in ran.output
    assert [a[0] for a in seen] == ["convert", "train", "test"]
    assert all("--gpu 1" in " ".join(a) for a in seen[1:]) and "max_iter=7" in seen[1]


@pytest.mark.slow
def test_a_short_training(shared):
    given = ["--data", str(shared / "data/mnist"), "--iterations", "100", "--least", "0.8"]
    ran = CliRunner().invoke(main, given)
    assert ran.exit_code == 0, ran.output


def test_a_command_that_fails_is_told_of(tmp_path):
    ran = CliRunner().invoke(main, ["--data", str(tmp_path)])
    assert ran.exit_code == 1
    assert "Error: netdef convert failed:\n" in ran.output and "train-images" in ran.output

"""``scripts/sample_text.py``, as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import netdef

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "configs/char_lstm/char_lstm_deploy.prototxt"
CHARACTERS = [chr(c) for c in range(60, 125)]


@pytest.fixture
def folder(tmp_path):
    """A folder with weights, of which one score stands out, and a vocabulary."""
    netdef.set_mode_cpu()
    net = netdef.Net(str(DEPLOY), netdef.TEST)
    net.params["scores"][1].data[CHARACTERS.index("x")] = 100
    net.save(str(tmp_path / "w.caffemodel"))
    (tmp_path / "v.json").write_text(json.dumps(CHARACTERS))
    return tmp_path


def sampled(folder, *more):
    arguments = ["--weights", "w.caffemodel", "--vocabulary", "v.json", "--model", DEPLOY, *more]
    command = [sys.executable, ROOT / "scripts/sample_text.py", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_goes_on_with_what_is_likely(folder):
    ran = sampled(folder, "--start", "ab", "--length", "5")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "abxxxxx\n", "")


def test_temperature_and_seed(folder):
    texts = [
        sampled(folder, "--start", "a", "--temperature", "1000", "--seed", seed).stdout
        for seed in ("1", "1", "2")
    ]
    assert len(texts[0]) == 1002
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["--start", "a\n"],
            "sample_text: the net was trained without the character '\\n'; leave it out\n",
        ),
        (["--vocabulary", "no.json"], "sample_text: no.json: no such file or folder\n"),
    ],
)
def test_what_is_refused(folder, more, message):
    ran = sampled(folder, *more)
    assert (ran.returncode, ran.stderr) == (1, message)
    assert ran.stdout in ("", "a\n")


def test_vocabulary_of_another_net(folder):
    (folder / "v.json").write_text('["a", "b"]')
    ran = sampled(folder, "--start", "a")
    assert ran.stderr == (
        "sample_text: the net knows 65 characters, the vocabulary 2; take the one it was trained"
        " with\n"
    )

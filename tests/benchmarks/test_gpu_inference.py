"""The comparison of inference on a GPU, as far as a CPU runs it."""

import pytest
from click.testing import CliRunner
from gpu_inference import main

SMALL = ["--nets", "lenet", "--batches", "2", "--rounds", "1", "--seconds", "0.01"]
SMALL += ["--device", "cpu", "--no-compile"]


def test_the_command_without_torch(monkeypatch):
    monkeypatch.setattr("gpu_inference.has_torch", lambda: False)
    ran = CliRunner().invoke(main, SMALL)
    assert ran.exit_code == 0, ran.output
    assert "lenet, batch 2, f32; netdef's calls: " in ran.output


@pytest.mark.slow
def test_the_command_beside_torch():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    ran = CliRunner().invoke(main, SMALL)
    assert ran.exit_code == 0, ran.output
    assert "torch, NCHW, alone" in ran.output and "lenet (2)" in ran.output

"""The comparison of training on a GPU, as far as a CPU runs it."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from contenders import Burst, Task, Torch
from gpu_training import main, measure_all
from lane import Lane, _milliseconds
from sides import torch_sides_on_gpu
from targets import TRAINING_ON_GPU

from netdef.errors import RunError
from tests.benchmarks.made_results import result
from tests.benchmarks.test_compare_torch import HOW

SMALL = ["--precisions", "f32", "--batch", "2", "--rounds", "1", "--seconds", "0.01"]
SMALL += ["--device", "cpu", "--nets", "lenet"]


def test_a_burst_waits_once_and_its_runs_share_the_time(monkeypatch):
    seen = []
    burst = Burst(seen.append, lambda: seen.append("wait"), times=3)
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert _milliseconds(burst, 4) == [2000.0, 2000.0]  # 4 runs are 2 bursts, of 6 s each
    assert seen == [3, "wait"] * 2
    assert _milliseconds(lambda: None, 2) == [6000.0, 6000.0]


class Held:
    """Says what it holds on a device."""

    def __init__(self):
        self.passes = {}

    def device_megabytes(self):
        return 12.5


def test_memory_is_that_of_the_device_where_it_is_known():
    lane = Lane(Held, (), {})
    try:
        assert lane.peak_megabytes() == 12.5
    finally:
        lane.close()


def test_each_layout_runs_as_it_is_and_compiled_in_two_ways():
    found = torch_sides_on_gpu(Torch, "task", compiles=True)
    assert [(s.variant, s.arguments) for s in found] == [
        ("NCHW", ("task", "contiguous_format", None)),
        ("channels_last", ("task", "channels_last", None)),
        ("NCHW compiled", ("task", "contiguous_format", "default")),
        ("channels_last compiled", ("task", "channels_last", "default")),
        ("NCHW compiled, CUDA graphs", ("task", "contiguous_format", "reduce-overhead")),
        ("channels_last compiled, CUDA graphs", ("task", "channels_last", "reduce-overhead")),
    ]
    assert all(s.may_fail for s in found)
    assert torch_sides_on_gpu(Torch, "task", compiles=False) == found[:2]


def test_targets_are_those_of_16_bits():
    wanted = TRAINING_ON_GPU["bf16"]["torch"]
    assert [wanted.of(net) for net in ("lenet", "cifar10_quick", "resnet50")] == [1.5, 1.5, 1.1]


def test_a_net_that_fails_does_not_stop_the_others(monkeypatch, tmp_path, capsys):
    def compare(task, how):
        if "lenet" in task.path:
            raise RunError("out of memory")
        return [result("netdef", 10, net="alexnet")]

    monkeypatch.setattr("gpu_training.compare", compare)
    how = replace(HOW, json_path=tmp_path / "found.json")
    found, failed = measure_all([Task("nets/lenet.prototxt"), Task("nets/alexnet.prototxt")], how)
    assert [r.net for (r,) in found] == ["alexnet"]
    assert failed == ["lenet f32"]
    assert "lenet f32: out of memory" in capsys.readouterr().out
    assert [r["net"] for r in json.loads(how.json_path.read_text())] == ["alexnet"]


def test_the_command_without_torch(monkeypatch):
    monkeypatch.setattr("gpu_training.has_torch", lambda: False)
    ran = CliRunner().invoke(main, SMALL)
    assert ran.exit_code == 0, ran.output
    assert "lenet, batch 2, f32; netdef's calls: " in ran.output
    assert "ms call by call" in ran.output and "peak MB of arrays on the GPU" in ran.output


@pytest.mark.slow
def test_the_command_beside_torch():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    ran = CliRunner().invoke(main, [*SMALL, "--no-compile"])
    assert ran.exit_code == 0, ran.output
    assert "torch, channels_last, alone" in ran.output
    assert "geometric mean" in ran.output


def test_an_unknown_precision_is_bad_usage():
    ran = CliRunner().invoke(main, ["--precisions", "f16"])
    assert ran.exit_code == 2
    assert "'f16' is not one of bf16, f32, tf32" in ran.output

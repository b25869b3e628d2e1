"""Whole nets by cuDNN, on stand-ins for it and for the GPU: planned, prepared and run."""

import re
from pathlib import Path

import numpy as np
import pytest

import netdef
from netdef.engines import settings
from netdef.net import Net
from netdef.plan import steps
from netdef.prototxt import parse_net, parse_solver
from netdef.solvers import Solver
from netdef.solvers.dry_run import plan_run
from tests.engines import cudnn_in_numpy
from tests.engines.gpu_on_cpu import gpu_with_cudnn
from tests.engines.rationed import rationed

NETS = Path(__file__).parents[2] / "benchmarks" / "nets"
LENET = (NETS / "lenet.prototxt").read_text()

NORMALIZED = """
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 dim: 9 dim: 7 } } }
  layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 4 } } }
  layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
    convolution_param { num_output: 6 kernel_size: 3 pad: 1 weight_filler { type: "xavier" }
      bias_term: false } }
  layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "bn" }
  layer { name: "scale" type: "Scale" bottom: "bn" top: "scale" scale_param { bias_term: true
    filler { type: "uniform" min: 0.5 max: 2 } bias_filler { type: "gaussian" std: 0.5 } } }
  layer { name: "relu" type: "ReLU" bottom: "scale" top: "relu" }
  layer { name: "branch" type: "Convolution" bottom: "relu" top: "branch"
    convolution_param { num_output: 6 kernel_size: 1 weight_filler { type: "xavier" } } }
  layer { name: "sum" type: "Eltwise" bottom: "branch" bottom: "conv" top: "sum" }
  layer { name: "pool" type: "Pooling" bottom: "sum" top: "pool"
    pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
  layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip"
    inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
  layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "t" top: "loss" }"""


ATTENDING = """
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 6 dim: 16 } } }
  layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 4 } } }
  layer { name: "seen" type: "Attention" bottom: "x" top: "seen"
    attention_param { num_heads: 2 causal: true weight_filler { type: "xavier" } } }
  layer { name: "ip" type: "InnerProduct" bottom: "seen" top: "ip"
    inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
  layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "t" top: "loss" }"""


@pytest.fixture
def gpu(tmp_path):
    with gpu_with_cudnn(tmp_path / "home") as modules:
        yield modules


def trained(text, **options):
    """Return the loss and gradients of one step, and which engine ran each primitive."""
    net = Net(parse_net(text, "net.prototxt"), netdef.TRAIN, keep="outputs", seed=7, **options)
    rng = np.random.default_rng(3)
    for name in net.inputs:
        blob = net.blobs[name]
        is_label = len(blob.shape) == 1
        blob.data[...] = rng.integers(0, 5, blob.shape) if is_label else rng.normal(size=blob.shape)
    found = {"loss": float(net.forward()["loss"])}
    net.backward()
    for layer, blobs in net.params.items():
        for i, blob in enumerate(blobs):
            found[f"{layer}/{i}"] = np.array(blob.diff)
    ran = {(call.primitive, choice.engine.name) for call, choice in steps(net.plan)}
    return found, ran


def assert_alike(found, wanted, tolerance):
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        scale = max(1e-3, float(np.abs(values).max()))
        off = float(np.abs(found[name] - values).max()) / scale
        assert off < tolerance, f"{name} is off by {off}"


OWN = {"conv", "conv_grad_x", "conv_grad_weight", "gemm", "batch_norm", "batch_norm_back"}
OWN |= {"attention", "attention_back"}


@pytest.mark.parametrize("tf32", [False, True], ids=["plain", "channels innermost"])
@pytest.mark.parametrize("text", [NORMALIZED, LENET], ids=["normalized", "lenet"])
def test_a_step_gives_the_references_gradients(text, tf32, tmp_path, monkeypatch):
    text = text.replace("dim: 64", "dim: 4")  # images
    wanted, _ = trained(text)
    monkeypatch.setattr(settings.chosen, "tf32", tf32)
    with gpu_with_cudnn(tmp_path):
        found, ran = trained(text)
    assert_alike(found, wanted, 2e-5)
    assert {engine for primitive, engine in ran if primitive in OWN} == {"cudnn"}


@pytest.mark.slow
def test_a_step_of_resnet18(tmp_path):
    text = (NETS / "resnet18.prototxt").read_text()
    assert "dim: 224 dim: 224" in text
    text = text.replace("dim: 224 dim: 224", "dim: 64 dim: 64")
    text = re.sub(r"shape \{ dim: \d+", "shape { dim: 4", text)
    wanted, _ = trained(text)
    with gpu_with_cudnn(tmp_path):
        found, ran = trained(text)
    assert_alike(found, wanted, 2e-3)
    assert {engine for primitive, engine in ran if primitive in OWN} == {"cudnn"}


@pytest.mark.parametrize("operation", ["cmp_gt", "batchnorm_backward", "conv_wgrad"])
def test_what_cudnn_has_no_plan_for_runs_elsewhere(operation, gpu, monkeypatch):
    wanted, _ = trained(NORMALIZED)
    monkeypatch.setattr(cudnn_in_numpy.PyGraph, "refuses", operation)
    monkeypatch.setenv("NETDEF_HOME", str(gpu.home / "other"))
    gpu.forget()
    found, ran = trained(NORMALIZED)
    assert_alike(found, wanted, 2e-5)
    if operation == "conv_wgrad":
        assert ("conv_grad_weight", "cupy") in ran
        return
    halves = {(name, engine) for name, engine in ran if name.startswith("batch_norm")}
    assert halves == {("batch_norm", "cupy"), ("batch_norm_back", "cupy")}


def test_the_plan_reserves_what_cudnns_plans_need_while_they_run(gpu, monkeypatch):
    plain = Net(parse_net(LENET, "net.prototxt"), netdef.TRAIN, keep="outputs").plan
    monkeypatch.setattr(cudnn_in_numpy.PyGraph, "workspace", 1 << 24)
    monkeypatch.setenv("NETDEF_HOME", str(gpu.home / "other"))
    gpu.forget()
    greedy = Net(parse_net(LENET, "net.prototxt"), netdef.TRAIN, keep="outputs").plan
    assert greedy.scratch_bytes - plain.scratch_bytes == (1 << 24) - 4096


SOLVER = """base_lr: 0.01 lr_policy: "fixed" type: "SGD" momentum: 0.9 max_iter: 3 random_seed: 1
  FIELDS net_param { NET }"""


@pytest.mark.parametrize("precision", ["F32", "BF16"])
def test_memory_is_as_the_plan_says(precision, tmp_path):
    text = SOLVER.replace("NET", LENET.replace("dim: 64", "dim: 16"))
    with gpu_with_cudnn(tmp_path) as gpu:
        ration = rationed(gpu.cupy, 1 << 40)
        text = text.replace("FIELDS", f"precision: {precision}")
        solver = Solver(parse_solver(text, "solver.prototxt"), keep="outputs")
        solver.step(2)
    plan = solver.net.plan
    said = plan.arena_bytes + plan.scratch_bytes + 2 * plan.weight_bytes
    assert ration.most == pytest.approx(said + solver.net.weights.history_bytes, rel=0.01)


@pytest.mark.parametrize(
    ("precision", "text"),
    [("BF16", LENET), ("FP16", LENET), ("FP16", NORMALIZED), ("BF16", ATTENDING)],
    ids=["bf16-lenet", "fp16-lenet", "fp16-normalized", "bf16-attending"],
)
def test_a_step_in_16_bits(text, precision, tmp_path):
    text = text.replace("dim: 64", "dim: 4")
    wanted, _ = trained(text)
    with gpu_with_cudnn(tmp_path):
        found, ran = trained(text, precision=precision)
    least = 0.02 * max(np.linalg.norm(values) for values in wanted.values())
    for name, values in wanted.items():  # some ReLUs and maxima are other ones: single numbers
        off = np.linalg.norm(found[name] - values) / max(np.linalg.norm(values), least)
        assert off < 0.12, f"{name} is off by {off}"
    assert {engine for primitive, engine in ran if primitive in OWN} == {"cudnn"}


def test_fields_of_a_solver_say_how_its_nets_compute(gpu):
    for fields, expected in (("", (False, False)), ("tf32: true autotune: true", (True, True))):
        text = SOLVER.replace("NET", LENET).replace("FIELDS", fields)
        solver = Solver(parse_solver(text, "solver.prototxt"), keep="outputs")
        engine = next(c.engine for _, c in steps(solver.net.plan) if c.engine.name == "cudnn")
        assert (engine.tf32, engine.autotune) == expected


def test_a_dry_run_plans_for_the_gpu(gpu):
    text = SOLVER.replace("NET", LENET).replace("FIELDS", "precision: BF16")
    param = parse_solver(text, "solver.prototxt")
    planned = plan_run(param, "solver.prototxt").train
    run = Solver(param, keep="outputs").net.plan
    assert (planned.arena_bytes, planned.scratch_bytes) == (run.arena_bytes, run.scratch_bytes)
    assert "cudnn" in {choice.engine.name for choice in planned.choices}


def test_attention_is_one_call_in_16_bits_alone(gpu):
    for precision, expected in (("BF16", True), ("F32", False)):
        _, ran = trained(ATTENDING, precision=precision)
        assert (("attention", "cudnn") in ran) == expected
        assert ("softmax" in {primitive for primitive, _ in ran}) != expected


def test_a_plan_runs_as_it_was_made_whatever_is_set_by_then(gpu, monkeypatch):
    net = Net(parse_net(LENET, "net.prototxt"), netdef.TRAIN, keep="outputs", seed=7, tf32=True)
    monkeypatch.setattr(settings.chosen, "precision", "BF16")
    net.forward()
    (engine,) = (e for e in net.executor._engines.values() if e.name == "cudnn")
    assert (engine.tf32, engine.precision) == (True, "F32")

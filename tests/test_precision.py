"""Images in bfloat16: which values, how far the numbers drift, and that training learns."""

import ml_dtypes
import numpy as np
import pytest

import netdef
from netdef.engines.numpy import NumpyEngine
from netdef.engines.numpy.narrow import is_narrow
from netdef.errors import ConfigError
from netdef.infer import infer
from netdef.net import Net
from netdef.plan import compile_program
from netdef.precision import checked_precision
from netdef.proto import BF16, SolverParameter
from netdef.prototxt import parse_net
from netdef.record import record
from netdef.solvers import Solver
from tests.fusion.test_fusion import INPUTS, LOSS, NETS, set_running
from tests.stages.staging import graph_of

try:
    checked_precision("BF16", "outputs", is_gpu=False)
except ConfigError as error:
    pytest.skip(str(error), allow_module_level=True)


@pytest.mark.parametrize("net", NETS)
def test_images_are_narrow_and_nothing_else(net):
    graph = graph_of(INPUTS + NETS[net] + LOSS)
    plan = compile_program(record(graph, infer(graph)), [NumpyEngine()], precision="BF16")
    narrow = {v for v in plan.slots if v.dtype == "bfloat16"}
    assert len(narrow) >= 2 and all(v.ndim == 4 for v in narrow)
    assert not narrow & plan.kept
    wide = compile_program(record(graph, infer(graph)), [NumpyEngine()])
    assert plan.arena_bytes < wide.arena_bytes


def gradients(text, precision):
    net = Net(parse_net(INPUTS + text + LOSS, "n"), netdef.TRAIN, keep="outputs", seed=5,
              precision=precision)  # fmt: skip
    net.blobs["x"].data[...] = np.random.default_rng(7).standard_normal((3, 5, 9, 8))
    net.blobs["label"].data[...] = [0, 2, 1]
    loss = float(net.forward()["loss"])
    net.backward()
    return loss, net.weights.grad.astype(float)


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("net", ["plain", "branches", "looked_at"])
def test_numbers_drift_by_less_than_two_hundredths(net, engine, monkeypatch):
    monkeypatch.setenv("NETDEF_ENGINE", engine)
    (exact, grad), (loss, near) = (gradients(NETS[net], p) for p in ("F32", "BF16"))
    assert loss == pytest.approx(exact, rel=0.02) and loss != exact
    assert np.linalg.norm(near - grad) < 0.02 * np.linalg.norm(grad)


def test_both_engines_round_alike(monkeypatch):
    found = []
    for engine in ("numpy", "onednn"):
        monkeypatch.setenv("NETDEF_ENGINE", engine)
        found.append(gradients(NETS["plain"], "BF16")[0])
    assert found[0] == pytest.approx(found[1], rel=3e-3)


def test_a_solver_asks_for_it_and_learns():
    text = parse_net(INPUTS + NETS["branches"] + LOSS, "n").net
    param = SolverParameter(
        net_param=text,
        base_lr=0.003,
        momentum=0.9,
        lr_policy="fixed",
        precision=BF16,
        random_seed=1,
    )
    solver = Solver(param, "s.prototxt", keep="outputs")
    solver.net.blobs["x"].data[...] = np.random.default_rng(7).standard_normal((3, 5, 9, 8))
    solver.net.blobs["label"].data[...] = [0, 2, 1]
    solver.step(1)
    first = solver.losses[-1]
    solver.step(80)
    assert solver.losses[-1] < 0.5 * first
    assert any(v.dtype == "bfloat16" for v in solver.net.plan.slots)
    assert solver.net.weights.data.dtype == np.float32


def test_elementwise_calls_compute_in_float32():
    a = np.array([1.0, 2.0, 3.0], ml_dtypes.bfloat16)
    out = np.zeros(3, ml_dtypes.bfloat16)
    engine = NumpyEngine()
    engine.scratch = type("Fresh", (), {
        "take": lambda self, shape, dtype: np.empty(shape, dtype), "begin": lambda self: None,
    })()  # fmt: skip
    options = dict(expression="(a + tiny) - a", numbers={"tiny": 2.0**-12})
    engine.prepare("map", dict(a=a, out=out), options)()
    # 1 + 2^-12 is 1 in bfloat16: the sum was not rounded in between.
    np.testing.assert_array_equal(out.astype(float), [2.0**-12] * 3)
    assert is_narrow(out)


def test_what_a_user_reads_is_float32():
    text, found = parse_net(INPUTS + NETS["normed"], "n"), {}
    for precision in ("F32", "BF16"):
        net = Net(text, netdef.TEST, keep="outputs", seed=5, precision=precision)
        set_running(net, np.random.default_rng(1))
        net.blobs["x"].data[...] = np.random.default_rng(7).standard_normal((3, 5, 9, 8))
        found[precision] = net.forward()["last"]
        assert found[precision].dtype == np.float32
    assert any(v.dtype == "bfloat16" for v in net.plan.slots)
    scale = np.abs(found["F32"]).max()
    assert 0 < np.abs(found["BF16"] - found["F32"]).max() < 0.02 * scale

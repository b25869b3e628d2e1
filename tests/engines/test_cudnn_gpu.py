"""cuDNN computes on a GPU what its operation graphs say, and whole nets as the reference does."""

import gc

import numpy as np
import pytest

from netdef import mode
from netdef.engines import Clock, Scratch, settings
from netdef.engines.cudnn import CudnnEngine
from netdef.engines.cudnn.library import why_no_cudnn
from netdef.prototxt import parse_solver
from netdef.solvers import Solver
from tests.engines.test_agree import arrays_of, assert_agree, run, to_gpu
from tests.engines.test_cudnn import INNERMOST, OWN
from tests.engines.test_cudnn_nets import (
    ATTENDING,
    LENET,
    NORMALIZED,
    SOLVER,
    assert_alike,
    trained,
)
from tests.engines.test_cudnn_nets import OWN as OF_CUDNN

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def cupy():
    module = pytest.importorskip("cupy", reason="needs CuPy and an NVIDIA GPU")
    if not module.cuda.is_available():
        pytest.skip("needs an NVIDIA GPU")
    if why_no_cudnn():
        pytest.skip(f"needs cuDNN: {why_no_cudnn()}")
    return module


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Keep plans apart from the user's."""
    monkeypatch.setenv("NETDEF_HOME", str(tmp_path))


def engine(cupy):
    """Return an engine whose scratch memory is new for every call, and garbage."""

    class Fresh(Scratch):
        def take(self, shape, dtype):
            size = int(np.prod(shape, dtype=np.int64)) * cupy.dtype(dtype).itemsize
            return cupy.full(size, 0xFF, "uint8").view(dtype).reshape(shape)

    return CudnnEngine(cupy, Fresh(cupy, block=cupy.empty(1, "uint8")), Clock())


@pytest.mark.parametrize("case", OWN)
@pytest.mark.parametrize("order", ["plain", INNERMOST])
def test_it_gives_the_references_numbers(case, order, cupy):
    reads, writes = (
        {role: to_gpu(cupy, array) for role, array in arrays.items()}
        for arrays in arrays_of(case, "float32", order)
    )
    everything = {**reads, **writes, **dict.fromkeys(case.absent)}
    engine(cupy).prepare(case.primitive, everything, case.options)()
    found = {role: array.get() for role, array in writes.items()}
    assert_agree(found, run(case, "float64", "plain"), "float32")


@pytest.fixture
def on_gpu(cupy, monkeypatch):
    """Let nets that are made in the block run on the GPU, by cuDNN."""

    def run_there(make):
        with monkeypatch.context() as patch:
            patch.setattr(mode._chosen, "device", mode._chosen.device)
            patch.setattr(settings.chosen, "engine", "cudnn")
            mode.set_mode_gpu()
            return make()

    return run_there


@pytest.mark.parametrize("text", [LENET, NORMALIZED], ids=["lenet", "normalized"])
@pytest.mark.parametrize(
    ("options", "tolerance"),
    [
        ({}, 1e-4),
        ({"tf32": True}, 0.05),
        ({"precision": "BF16"}, 0.12),
        ({"precision": "FP16"}, 0.12),
    ],
    ids=["f32", "tf32", "bf16", "fp16"],
)
def test_a_step_gives_the_references_gradients(text, options, tolerance, on_gpu):
    text = text.replace("dim: 64", "dim: 8")
    wanted, _ = trained(text)
    found, ran = on_gpu(lambda: trained(text, **options))
    assert {engine for primitive, engine in ran if primitive in OF_CUDNN} == {"cudnn"}
    if not options:
        assert_alike(found, wanted, tolerance)
        return
    for name, values in wanted.items():
        off = np.linalg.norm(found[name] - values) / max(np.linalg.norm(values), 1e-2)
        assert off < tolerance, f"{name} is off by {off}"


@pytest.mark.parametrize("precision", ["BF16", "FP16"])
def test_attention_in_one_piece(precision, on_gpu):
    wanted, _ = trained(ATTENDING)
    found, ran = on_gpu(lambda: trained(ATTENDING, precision=precision))
    assert {("attention", "cudnn"), ("attention_back", "cudnn")} <= ran
    least = 0.02 * max(np.linalg.norm(values) for values in wanted.values())
    for name, values in wanted.items():
        off = np.linalg.norm(found[name] - values) / max(np.linalg.norm(values), least)
        assert off < 0.12, f"{name} is off by {off}"


@pytest.mark.parametrize("options", [{}, {"precision": "BF16"}], ids=["f32", "bf16"])
def test_tuned_plans_give_the_same_bits_once_they_are_kept(options, on_gpu):
    wanted, _ = trained(NORMALIZED)
    first, again = (on_gpu(lambda: trained(NORMALIZED, autotune=True, **options)[0]) for _ in "12")
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    if not options:
        assert_alike(first, wanted, 1e-4)


@pytest.mark.parametrize("precision", ["F32", "BF16"])
def test_memory_is_within_5_percent_of_what_the_plan_says(precision, on_gpu, cupy):
    pool = cupy.get_default_memory_pool()
    gc.collect()
    pool.free_all_blocks()
    before = pool.total_bytes()
    text = SOLVER.replace("NET", LENET).replace("FIELDS", f"precision: {precision}")
    solver = on_gpu(lambda: Solver(parse_solver(text, "solver.prototxt"), keep="outputs"))
    solver.step(3)
    plan = solver.net.plan
    said = plan.arena_bytes + plan.scratch_bytes + 2 * plan.weight_bytes
    said += solver.net.weights.history_bytes
    pool.free_all_blocks()
    assert pool.total_bytes() - before == pytest.approx(said, rel=0.05, abs=1 << 20)

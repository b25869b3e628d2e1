"""What is said where a device has too little memory, and the batch that would fit."""

import re
from types import SimpleNamespace

import pytest

import netdef
from netdef import mode
from netdef.device import CPU
from netdef.errors import RunError
from netdef.largest_batch import largest_batch
from netdef.net import Net
from netdef.out_of_memory import allocating, is_out_of_memory
from netdef.prototxt import parse_net, parse_solver
from netdef.solvers import Solver
from netdef.table import bytes_in_words
from tests.engines import rationed

NET = """
  layer { name: "x" type: "Input" top: "x" input_param { shape {
    dim: BATCH dim: 3 dim: 32 dim: 32 } } }
  layer { name: "t" type: "Input" top: "t" input_param { shape { dim: BATCH } } }
  layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
    convolution_param { num_output: 16 kernel_size: 5 weight_filler { type: "xavier" } } }
  layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
  layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
    pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
  layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip"
    inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
  layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "t" top: "loss" }"""


def net(batch, phase=netdef.TRAIN):
    text = NET.replace("BATCH", str(batch))
    return Net(parse_net(text, "net.prototxt"), phase, keep="outputs", seed=1)


@pytest.fixture
def gpu(monkeypatch):
    """Return what makes a GPU of so many bytes that of the nets that follow."""

    def make(total):
        device, ration = rationed.device(total)
        monkeypatch.setattr(mode._chosen, "device", device)
        return ration

    return make


def test_the_batch_that_would_fit_does_and_one_more_does_not(gpu):
    gpu(20_000_000)
    with pytest.raises(RunError) as caught:
        net(512).forward()
    found = re.fullmatch(
        r"GPU 0: out of memory: the net to train needs ([\d.]+ MB) for a batch of 512, ([\d.]+ MB)"
        r" for its arrays and ([\d.]+ .B) of scratch memory, beside 260.7 kB of weights and"
        r" gradients; ([\d.]+ MB) of 20.0 MB are free; a batch of (\d+) would fit: set batch_size,"
        r" and iter_size to learn from as many",
        str(caught.value),
    )
    assert found, caught.value
    assert found[4] == "19.7 MB"  # what there was no room for takes none
    fits = int(found[5])
    gpu(20_000_000)
    net(fits).forward()
    gpu(20_000_000)
    with pytest.raises(RunError, match=f"for a batch of {fits * 5 // 4}, .* would fit"):
        net(fits * 5 // 4).forward()


def test_what_there_was_room_for_is_free_again(gpu):
    gpu(1 << 40)
    plan = net(256).plan
    assert plan.scratch_bytes > 1 << 20
    ration = gpu(plan.arena_bytes + plan.scratch_bytes // 2 + (1 << 19))
    made = net(256)
    free = bytes_in_words(ration.total - ration.taken)
    with pytest.raises(RunError, match=f"; {free} of .* are free; a batch of 2.. would fit"):
        made.forward()


def test_no_batch_fits(gpu):
    gpu(400_000)
    with pytest.raises(RunError, match="not even a batch of 1 would fit; take a device with more"):
        net(64).forward()


def test_the_net_to_test(gpu):
    gpu(3_000_000)
    with pytest.raises(RunError, match="the net to test needs .* for a batch of 500"):
        net(500, netdef.TEST).forward()


def test_no_room_for_what_a_call_makes(gpu):
    ration = gpu(1 << 30)
    made = net(4)
    steps = made.executor._forward
    ration.total = ration.taken

    def run():
        made.device.xp.zeros(1)

    steps[0] = (steps[0][0], run)
    with pytest.raises(RunError) as caught:
        made.forward()
    assert re.fullmatch(
        r"net.prototxt:5: layer 'conv' \(Convolution\): GPU 0: out of memory for what the call"
        r" makes while it runs, which the plan does not count; 0 bytes of [\d.]+ MB are free; set a"
        r" smaller batch_size",
        str(caught.value),
    ), caught.value


def test_no_room_for_weights(gpu):
    gpu(100_000)
    with pytest.raises(RunError) as caught:
        net(1)
    assert str(caught.value) == (
        "GPU 0: out of memory for the weights and their gradients: 260.7 kB are needed, 100.0 kB"
        " of 100.0 kB are free; end what else runs there, or take a device with more"
    )


SOLVER = 'base_lr: 0.1 lr_policy: "fixed" type: "Adam" max_iter: 1 random_seed: 1 net_param { NET }'


def test_no_room_for_what_the_solver_remembers(gpu):
    gpu(400_000)
    text = SOLVER.replace("NET", NET.replace("BATCH", "1"))
    with pytest.raises(RunError, match="out of memory for what the solver remembers: 260.7 kB"):
        Solver(parse_solver(text, "solver.prototxt"))


def test_what_the_solver_remembers_is_told_of(gpu):
    gpu(3_000_000)
    solver = Solver(parse_solver(SOLVER.replace("NET", NET.replace("BATCH", "512")), "s.prototxt"))
    with pytest.raises(
        RunError, match="weights and gradients and 260.7 kB that the solver remembers; "
    ):
        solver.net.forward()


def test_other_errors_stay(gpu, monkeypatch):
    gpu(20_000_000)
    monkeypatch.setattr("netdef.net.Executor", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        net(4).forward()


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA_ERROR_OUT_OF_MEMORY: out of memory"), True),
        (RuntimeError("cudaErrorMemoryAllocation: out of memory"), True),
        (RuntimeError("CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("cudaErrorIllegalAddress"), False),
        (ValueError("CUDA_ERROR_OUT_OF_MEMORY"), False),
    ],
)
def test_what_counts_as_out_of_memory(error, is_it):
    assert is_out_of_memory(error) == is_it
    with pytest.raises(RunError if is_it else type(error)), allocating(CPU, "a test", 1):
        raise error


def test_the_cpus_memory():
    free, total = CPU.memory()
    assert 0 < free <= total


@pytest.mark.parametrize("free", [0, 9, 10, 11, 57, 1000, 99_999])
@pytest.mark.parametrize("scratch_of", [lambda n: 0, lambda n: 2 * n, lambda n: 31], ids="abc")
@pytest.mark.parametrize(
    "arrays_of",
    [lambda n: 10 * n, lambda n: 7 + 3 * n, lambda n: 512 * (n // 40 + 1)],
    ids=["line", "line with a start", "steps"],
)
def test_the_largest_batch_fits(arrays_of, scratch_of, free):
    batch, plans = 50_000, []

    def plan_of(n):
        plans.append(n)
        return SimpleNamespace(arena_bytes=arrays_of(n), scratch_bytes=scratch_of(n))

    found = largest_batch(batch, plan_of(batch), free, arrays_of, plan_of)
    need_of = lambda n: arrays_of(n) + scratch_of(n)  # noqa: E731
    assert found == 0 or need_of(found) <= free
    best = max((n for n in range(1, batch) if need_of(n) <= free), default=0)
    assert found >= 0.9 * best - 1
    assert len(plans) <= 7

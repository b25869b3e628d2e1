"""The kernels of updates against the CPU's functions, which follow the same formulas."""

import numpy as np
import pytest

from netdef.device import gpu
from netdef.engines.cupy import kernels
from netdef.engines.cupy.update import MOST_NUMBERS
from netdef.errors import DeviceError, RunError
from netdef.proto import SolverParameter
from netdef.solvers import device_regions
from netdef.solvers.average import WeightAverage
from netdef.solvers.device_regions import chunks_of
from netdef.solvers.device_update import DeviceUpdate
from netdef.solvers.layerwise_rule import LayerwiseRule
from netdef.solvers.method import kind_of, method_of
from netdef.solvers.rule import SOLVERS
from netdef.solvers.update import Update
from netdef.weights import Segment, Weights
from tests.engines import stand_in
from tests.engines.kernels_on_cpu import RawModule
from tests.engines.nvrtc import ARCHITECTURES, assembly, complaints, library
from tests.solvers.test_rules import FORMULAS
from tests.solvers.test_update import weights_of

SPECS = [((37, 130), 1, 1), ((37,), 2, 0), ((129,), 1, 0.5), ((5,), 0, 1)]
RATES = (0.1, 0.2, 0.05, 0.07)
NARROW = ["bfloat16", "float16"]
DECAYS = [(0, "L2"), (0.3, "L2"), (0.3, "L1")]


def _gpu():
    try:
        return gpu()
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.fixture(params=["stand-in", pytest.param("cupy", marks=pytest.mark.gpu)])
def device(request):
    """What the kernels run on."""
    return stand_in.device() if request.param == "stand-in" else _gpu()


@pytest.fixture(params=[4096, 64])
def length(request, monkeypatch):
    """What a chunk holds at least: of all weights of a region here, or of a few."""
    monkeypatch.setattr(device_regions, "_LEAST", request.param)


def on(device, weights):
    """Return weights of the same values and gradients on another device."""
    copy = Weights(list(weights.params.values()), device)
    for mine, theirs in ((copy.data, weights.data), (copy.grad, weights.grad)):
        mine[...] = device.xp.asarray(theirs)
    return copy


def train(weights, **fields):
    """Return weights, gradients and histories after some updates."""
    update = Update(weights, SolverParameter(**fields))
    for t, rate in enumerate(RATES):
        weights.grad *= np.float32(np.cos(t))
        update.apply(rate, t)
    arenas = (weights.data, weights.grad)
    return [*(weights.device.to_host(a) for a in arenas), *update.saved()]


def assert_same(ours, theirs, exactly=True):
    """Norms are summed up in another order, so what depends on one may differ in the last bits."""
    for a, b in zip(ours, theirs, strict=True):
        if exactly:
            np.testing.assert_array_equal(a, b)
        else:
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("iter_size", [1, 3])
@pytest.mark.parametrize(("decay", "kind"), DECAYS)
def test_same_bits_as_on_the_cpu(name, iter_size, decay, kind, device, length):
    if kind == "L1" and SOLVERS[name].decays_itself:
        pytest.skip(f"{name} decays by L2 alone")
    fields = dict(weight_decay=decay, regularization_type=kind, iter_size=iter_size)
    fields |= dict(type=name, **FORMULAS[name][1])
    ours, theirs = (
        train(w, **fields) for w in (on(device, weights_of(*SPECS)), weights_of(*SPECS))
    )
    assert_same(ours, theirs, exactly=not issubclass(SOLVERS[name], LayerwiseRule))


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("limit", [1, 1e9])
def test_clips_as_on_the_cpu(name, limit, device, length):
    fields = dict(weight_decay=0.3, iter_size=2, clip_gradients=limit)
    fields |= dict(type=name, **FORMULAS[name][1])
    ours, theirs = (
        train(w, **fields) for w in (on(device, weights_of(*SPECS)), weights_of(*SPECS))
    )
    assert_same(ours, theirs, exactly=False)


@pytest.mark.parametrize("name", ["Adam", "LAMB"])
def test_loss_scale(name, device):
    """Gradients that are too large by a power of two are no others once they are divided."""
    found = []
    for factor in (1, 1024):
        weights = on(device, weights_of(*SPECS))
        weights.grad *= factor
        update = Update(weights, SolverParameter(type=name, clip_gradients=1, weight_decay=0.1))
        update.apply(0.1, 0, loss_scale=factor)
        found.append([device.to_host(weights.data), *update.saved()])
    assert_same(*found)


@pytest.mark.parametrize("name", FORMULAS)
def test_no_order_of_threads_changes_a_bit(name, monkeypatch, length):
    fields = dict(type=name, weight_decay=0.3, clip_gradients=1, **FORMULAS[name][1])
    found = []
    for is_backwards in (False, True):
        monkeypatch.setattr(RawModule, "is_backwards", is_backwards)
        found.append(train(on(stand_in.device(), weights_of(*SPECS)), **fields))
    assert_same(*found)


@pytest.mark.parametrize("name", ["LARS", "LAMB"])
def test_blobs_without_length_take_plain_steps(name, device):
    weights = on(device, weights_of(((3, 4), 1, 1)))
    weights.data.fill(0)
    Update(weights, SolverParameter(type=name)).apply(0.1, 0)
    g = device.to_host(weights.grad)[:12]
    step = g if name == "LARS" else g / np.abs(g)
    np.testing.assert_allclose(device.to_host(weights.data)[:12], -0.1 * step, rtol=1e-5)


def test_padding_behind_a_blob_is_left_alone(device):
    """Without a delta 0 / 0 would come of it."""
    specs = [((3,), 1, 1), ((5,), 1, 1)]
    fields = dict(type="LAMB", momentum=0.9, delta=0)
    ours, theirs = (
        train(w, **fields) for w in (on(device, weights_of(*specs)), weights_of(*specs))
    )
    assert_same(ours, theirs, exactly=False)
    assert not ours[0][3:16].any() and not ours[0][21:].any()


def ready(weights, param, **options):
    """Return an update's kernels, and the numbers of a step for each of its regions."""
    rule = SOLVERS[param.type](param)
    xp = weights.device.xp
    histories = {name: xp.zeros(weights.learned, "float32") for name in rule.histories}
    arenas = {"w": weights.data, "grad": weights.grad, **histories}
    method = method_of(rule, param)
    return DeviceUpdate(weights.device, method, arenas, weights.segments, **options)


@pytest.mark.parametrize("kind", NARROW)
def test_new_weights_in_16_bits(kind, device):
    weights = on(device, weights_of(*SPECS))
    narrow = device.xp.zeros(len(weights.data), kind)
    numbers = {kind_of(s): {"rate": 0.1, "decay": 0.0} for s in weights.segments}
    ready(weights, SolverParameter(type="SGD"), narrow=narrow).run(numbers)
    expected = device.to_host(weights.data)[: weights.learned].astype(kind)
    found = device.to_host(narrow)
    np.testing.assert_array_equal(found[: weights.learned].view("u2"), expected.view("u2"))
    assert not found[weights.learned :].view("u2").any()


@pytest.mark.parametrize("name", ["SGD", "LAMB"])
def test_clears_the_gradients(name, device):
    kept, cleared = (on(device, weights_of(*SPECS)) for _ in range(2))
    param = SolverParameter(type=name, momentum=0.9)
    own = {"rate": 0.1, "decay": 0.0, "unbiased": 1.0, "biased_delta": 1e-8}
    for weights, clears in ((kept, False), (cleared, True)):
        ready(weights, param, clears=clears).run(
            dict.fromkeys(map(kind_of, weights.segments), own), limit=1
        )
    np.testing.assert_array_equal(*(device.to_host(w.data) for w in (kept, cleared)))
    assert device.to_host(kept.grad).any() and not device.to_host(cleared.grad).any()


def test_a_captured_update_takes_the_numbers_of_its_time():
    device = stand_in.device()
    fields = dict(momentum=0.9, weight_decay=0.3, clip_gradients=1)
    replayed, launched = (on(device, weights_of(*SPECS)) for _ in range(2))
    ours, theirs = (ready(w, SolverParameter(**fields)) for w in (replayed, launched))
    stream, graph = device.xp.cuda.Stream(non_blocking=True), None
    for rate in RATES:
        kinds = map(kind_of, replayed.segments)
        numbers = {kind: {"rate": rate * (i + 1), "decay": 0.1} for i, kind in enumerate(kinds)}
        theirs.run(numbers, divisor=2, limit=1)
        ours.write(numbers, divisor=2, limit=1)
        with stream:
            if graph is None:
                stream.begin_capture()
                ours.launch(is_clipped=True)
                graph = stream.end_capture()
            graph.launch()
    np.testing.assert_array_equal(replayed.data.get(), launched.data.get())
    assert graph.launches == len(RATES)


@pytest.mark.parametrize("name", FORMULAS)
def test_graphs_change_no_bit(name, monkeypatch):
    fields = dict(type=name, weight_decay=0.3, clip_gradients=1, **FORMULAS[name][1])
    found = []
    for is_captured in "01":
        monkeypatch.setenv("NETDEF_CAPTURE", is_captured)
        found.append(train(on(stand_in.device(), weights_of(*SPECS)), **fields))
    assert_same(*found)


def test_the_second_update_is_captured():
    weights = on(stand_in.device(), weights_of(*SPECS))
    made = ready(weights, SolverParameter(type="LARS"))
    numbers = {kind_of(s): {"rate": 0.1, "decay": 0.0} for s in weights.segments}
    graphs = []
    for limit in (None, None, None, 1.0, 1.0):
        made.run(numbers, limit=limit)
        stretches = (one.stretches for one in made._graphs._known.values())
        graphs.append([s.graph.launches for (s,) in stretches if s.graph])
    assert graphs == [[], [1], [2], [2], [2, 1]]


def test_an_error_of_the_gpu_is_told_in_words(monkeypatch):
    weights = on(stand_in.device(), weights_of(*SPECS))
    error = weights.device.xp.cuda.runtime.CUDARuntimeError
    made = ready(weights, SolverParameter(type="SGD"))

    def fail(*arguments):
        raise error("cudaErrorLaunchFailure", "unspecified launch failure")

    monkeypatch.setattr(made, "_write", fail)
    with pytest.raises(RunError, match="^the update of the weights: the GPU failed .*unspecified"):
        made.run({kind_of(s): {"rate": 0.1, "decay": 0.0} for s in weights.segments})


def test_more_numbers_than_one_call_takes(device):
    """LARS has a row for each blob; there are as many kinds of them."""
    specs = [((7, 3), 1 + i, i % 3) for i in range(MOST_NUMBERS)]
    fields = dict(type="LARS", momentum=0.9, weight_decay=0.3)
    ours, theirs = (
        train(w, **fields) for w in (on(device, weights_of(*specs)), weights_of(*specs))
    )
    assert_same(ours, theirs, exactly=False)


def test_average(device):
    found = []
    for weights in (weights_of(*SPECS), on(device, weights_of(*SPECS))):
        average = WeightAverage(weights, 0.9)
        for _ in range(3):
            average.follow()
            weights.data *= np.float32(1.5)
        with average.in_place():
            found.append(weights.device.to_host(weights.data).copy())
    np.testing.assert_array_equal(*found)


def test_net_without_weights(device):
    update = Update(on(device, weights_of()), SolverParameter(clip_gradients=1))
    update.apply(0.1, 0)
    assert update.saved() == []


def test_chunks_cover_all_regions_and_none_holds_two():
    regions = [Segment(0, 5000, 1, 1), Segment(5008, 5009, 1, 1), Segment(5024, 9120, 1, 1)]
    assert chunks_of(regions).tolist() == [
        [0, 4096, 0],
        [4096, 5000, 0],
        [5008, 5009, 1],
        [5024, 9120, 2],
    ]


def test_a_large_net_has_no_more_chunks_than_are_summed_up_at_once():
    chunks = chunks_of([Segment(0, 10**9, 1, 1)])
    assert len(chunks) <= 4096
    assert (np.diff(chunks[:, :2])[:-1] % 1024 == 0).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", FORMULAS)
def test_kernels_compile_for_gpus(name, architecture):
    nvrtc, weights = library(), on(stand_in.device(), weights_of(*SPECS))
    kind = "L2" if SOLVERS[name].decays_itself else "L1"
    param = SolverParameter(type=name, weight_decay=0.3, regularization_type=kind)
    stored = NARROW if name == "SGD" else NARROW[:1]
    for narrow in (weights.device.xp.zeros(len(weights.data), kind) for kind in stored):
        code = ready(weights, param, narrow=narrow, clears=True).code
        assert complaints(nvrtc, code, architecture) == ""


def test_products_and_sums_are_rounded_one_by_one(monkeypatch):
    """As on the CPU: the compiler would make one operation of them, unless it is told."""
    asked = []

    def module(code, options):
        asked.append(options)
        return RawModule(code, options)

    device = stand_in.device()
    monkeypatch.setattr(device.xp, "RawModule", module)
    code = ready(on(device, weights_of(*SPECS)), SolverParameter(type="Adam")).code
    (options,) = set(asked)
    nvrtc = library()
    assert "fma.rn.f32" not in assembly(nvrtc, code, options)
    assert "fma.rn.f32" in assembly(nvrtc, code, ["--std=c++17"])


def test_the_text_of_a_kernel():
    weights = on(stand_in.device(), weights_of(*SPECS))
    code = ready(weights, SolverParameter(type="SGD", momentum=0.5, weight_decay=0.1)).code
    assert code.startswith(kernels.source("update", "float32"))
    assert (
        code.removeprefix(kernels.source("update", "float32"))
        == """
extern "C" __global__ void change(
    const Chunk* chunks, const double* table, Real* in_w, Real* in_grad, Real* in_h)
{
    const Chunk chunk = chunks[blockIdx.x];
    const double* row = table + chunk.region * 3;
    const T of_rate = row[0];
    const T of_decay = row[1];
    const T of_scale = row[2];
    for (long long i = chunk.first + 4 * threadIdx.x; i < chunk.stop; i += 4 * THREADS) {
        Four four_w = four(in_w, i);
        Four four_grad = four(in_grad, i);
        Four four_h = four(in_h, i);
        for (int k = 0; k < 4; ++k) {
            T of_w = four_w.of[k];
            T of_grad = four_grad.of[k];
            T of_h = four_h.of[k];
            T of_g;
            { T r0 = of_scale * of_grad; of_g = r0; }
            if (of_decay != 0) { T r0 = of_decay * of_w; T r1 = of_g + r0; of_g = r1; }
            { T r0 = T(0.5) * of_h; T r1 = of_rate * of_g; T r2 = r0 + r1; of_h = r2; }
            { T r0 = of_w - of_h; of_w = r0; }
            if (i + k >= chunk.stop)
                continue;
            four_w.of[k] = of_w;
            four_h.of[k] = of_h;
        }
        four(in_w, i) = four_w;
        four(in_h, i) = four_h;
    }
}
"""
    )

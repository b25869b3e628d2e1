"""Passes captured as CUDA graphs, on stand-ins for CuPy and cuDNN that have CuPy's rules."""

import gc
import re
import weakref
from pathlib import Path

import numpy as np
import pytest

import netdef
from netdef import capture
from netdef.errors import ConfigError, DataError, RunError
from netdef.net import Net
from netdef.prototxt import parse_net
from netdef.showing import show_graphs
from tests.engines import streams_on_cpu as streams
from tests.engines.gpu_on_cpu import gpu_with_cudnn

BATCH = 4
LENET = f"""
  layer {{ name: "data" type: "Input" top: "data" top: "label"
    input_param {{ shape {{ dim: {BATCH} dim: 1 dim: 16 dim: 16 }} shape {{ dim: {BATCH} }} }} }}
  layer {{ name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
    convolution_param {{ num_output: 4 kernel_size: 5 weight_filler {{ type: "xavier" }} }} }}
  layer {{ name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
    pooling_param {{ pool: MAX kernel_size: 2 stride: 2 }} }}
  layer {{ name: "ip1" type: "InnerProduct" bottom: "pool1" top: "ip1"
    inner_product_param {{ num_output: 20 weight_filler {{ type: "xavier" }} }} }}
  layer {{ name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }}
  layer {{ name: "drop1" type: "Dropout" bottom: "ip1" top: "ip1" }}
  layer {{ name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
    inner_product_param {{ num_output: 10 weight_filler {{ type: "xavier" }} }} }}
  layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }}
"""


@pytest.fixture(params=["cudnn", "cupy"])
def engine(request, tmp_path):
    """The engine that computes, on a stand-in for a GPU."""
    with gpu_with_cudnn(tmp_path / "home", request.param):
        yield request.param
        streams.recover()


def lenet(text=LENET, **options):
    return Net(parse_net(text, "net.prototxt"), netdef.TRAIN, keep="outputs", seed=3, **options)


def fill(net, step=0):
    rng = np.random.default_rng(step)
    data, label = (net.executor.array(net.plan.program.blobs[n]) for n in ("data", "label"))
    data[...] = net.device.xp.asarray(rng.normal(size=data.shape), "float32")
    label[...] = net.device.xp.asarray(rng.integers(0, 10, label.shape), "float32")


def trained(steps, monkeypatch, is_captured, ranges=((0, None),)):
    """Return the losses of some steps of plain gradient descent, and the weights."""
    monkeypatch.setenv("NETDEF_CAPTURE", str(int(is_captured)))
    net, losses = lenet(), []
    for step in range(steps):
        fill(net, step)
        net.clear_param_diffs()
        for first, last in ranges:
            net.executor.forward(first, last)
        net.clock.iteration += 1
        for first, last in reversed(ranges):
            net.executor.backward(last, first)
        losses.append(float(net.reading("loss")()["loss"]))
        net.weights.data[...] = net.weights.data - 0.1 * net.weights.grad
    return losses, net.weights.data.get(), net


def graphs_of(net):
    """Return the graphs of an executor by the key of their pass."""
    return {
        key: [s.graph for s in one.stretches if s.graph is not None]
        for key, one in net.executor._passes._known.items()
    }


@pytest.mark.parametrize(
    "ranges", [((0, None),), ((0, 2), (3, 5), (6, None))], ids=["whole", "parts"]
)
def test_captured_passes_give_the_same_bits(engine, ranges, monkeypatch):
    losses, weights, net = trained(4, monkeypatch, True, ranges)
    one_by_one, theirs, plain = trained(4, monkeypatch, False, ranges)
    assert losses == one_by_one
    assert len(set(losses)) == 4
    assert (weights == theirs).all()
    assert plain.executor._passes is None
    assert net.executor._passes._stream.is_non_blocking
    graphs = graphs_of(net)
    assert len(graphs) == 2 * len(ranges)
    launches = {graph.launches for own in graphs.values() for graph in own}
    assert launches == {3}  # all steps but the first
    if engine == "cudnn":
        assert {len(own) for own in graphs.values()} == {1}


def test_a_replay_draws_new_numbers_each_time(engine):
    net = lenet()
    (chance,) = (v for v in net.plan.slots if v.name.endswith("chance"))
    drawn = []
    for _ in range(4):
        fill(net)
        net.forward()
        drawn.append(net.executor.array(chance).get())
    assert len({d.tobytes() for d in drawn}) == 4


def test_nobody_waits_until_a_number_is_looked_at(engine, monkeypatch):
    net = lenet()
    fill(net)
    for _ in range(3):
        net.forward()
        net.backward()
    waits = []
    for kind in (streams.Stream, streams.Event):
        wait = kind.synchronize
        monkeypatch.setattr(kind, "synchronize", lambda s, wait=wait: waits.append(s) or wait(s))
    found = net.forward(label=np.zeros(BATCH))
    net.backward()
    net.clear_param_diffs()
    assert net.blobs["ip2"].shape == (BATCH, 10)
    later = net.reading("loss")
    assert waits == []
    assert list(found) == ["loss"]
    assert found["loss"] == later()["loss"]
    assert waits


WRONG = (
    "net.prototxt:14: layer 'loss' (SoftmaxWithLoss): label 10 (item 2 of the batch) is outside"
    " the 10 classes 0 to 9; correct the label, or the number of outputs below"
)


@pytest.mark.parametrize("passes", [1, 3])
@pytest.mark.parametrize(
    "look", [lambda net: net.blobs["loss"].data, lambda net: net.reading("loss")()]
)
def test_a_wrong_label_is_found_when_the_loss_is_looked_at(engine, passes, look):
    net = lenet()
    for step in range(passes):
        fill(net, step)
        net.forward()
    label = net.executor.array(net.plan.program.blobs["label"])
    label[2] = 10
    net.forward()
    fill(net)
    net.forward()  # what was found is not forgotten by the next pass
    with pytest.raises(DataError, match=f"^{re.escape(WRONG)}$"):
        look(net)
    look(net)


class Notes:
    """An observer that notes which calls were run one by one."""

    def __init__(self):
        self.seen = []

    def before(self, way, node):
        self.seen.append((way, node))

    def after(self, way, node):
        self.seen.append((way, node))


def test_with_an_observer_calls_run_one_by_one(engine):
    net = lenet()
    fill(net)
    for _ in range(3):
        net.forward()
    ((graph, *_),) = graphs_of(net).values()
    launches = graph.launches
    net.executor.observer = notes = Notes()
    net.forward()
    net.backward()
    assert graph.launches == launches
    assert {way for way, _ in notes.seen} == {"forward", "backward"}
    net.executor.observer = None
    net.forward()
    assert graph.launches == launches + 1


def test_graphs_go_with_their_executor(engine):
    net = lenet()
    fill(net)
    for _ in range(2):
        net.forward()
    executor, stretch = weakref.ref(net.executor), net.executor._passes._known
    noted = weakref.ref(next(iter(stretch.values())))
    del stretch
    net._replanner.forget_executors()
    net._replanner._last = None
    gc.collect()
    assert executor() is None
    assert noted() is None


def test_only_so_many_ranges_are_kept(engine, monkeypatch):
    monkeypatch.setattr(capture, "_MOST_PASSES", 3)
    net = lenet()
    fill(net)
    for _ in range(2):
        for layer in (1, 2, 3, 4):
            net.executor.forward(layer, layer)
    assert list(net.executor._passes._known) == [("forward", i, i) for i in (2, 3, 4)]
    net.executor.forward(4, 4)
    net.executor.forward(4, 4)
    assert graphs_of(net)["forward", 4, 4]


def test_a_range_that_is_used_stays(engine, monkeypatch):
    monkeypatch.setattr(capture, "_MOST_PASSES", 2)
    net = lenet()
    for layer in (1, 2, 1, 3):
        net.executor.forward(layer, layer)
    assert list(net.executor._passes._known) == [("forward", i, i) for i in (1, 3)]


class Broken:
    """A run that CUDA does not let be captured."""

    def __init__(self, run, error):
        self.run, self.error = run, error

    def __call__(self):
        if streams.current().is_capturing():
            raise self.error
        self.run()


@pytest.mark.parametrize(
    "error",
    [
        NotImplementedError("calling cuBLAS API during stream capture is currently unsupported"),
        streams.CUDARuntimeError("cudaErrorStreamCaptureUnsupported", "not while capturing"),
    ],
)
def test_what_cannot_be_captured_runs_one_by_one_and_says_so(engine, error, monkeypatch):
    losses, _, _ = trained(3, monkeypatch, is_captured=False)
    make = capture._stretches

    def broken(steps):
        made = make(steps)
        for stretch in made:
            if stretch.is_captured:
                stretch.steps[-1] = (stretch.steps[-1][0], Broken(stretch.steps[-1][1], error))
        return made

    monkeypatch.setattr(capture, "_stretches", broken)
    with pytest.warns(
        UserWarning, match=r"from .*layer .* to .*layer .* cannot be captured"
    ) as heard:
        found, _, net = trained(3, monkeypatch, is_captured=True)
    assert found == losses
    assert not any(graphs_of(net).values())
    assert not net.executor._passes._stream.is_capturing()
    assert len(heard) == len({str(w.message) for w in heard})  # each once
    assert f"({error}); its calls run one by one" in str(heard[0].message)


MEND = (
    "a GPU tells of an error when somebody waits for it; run again with NETDEF_CAPTURE=0"
    " CUDA_LAUNCH_BLOCKING=1 in the environment to see the layer it comes from"
)
ILLEGAL = streams.CUDARuntimeError("cudaErrorIllegalAddress", "an illegal memory access")


def test_a_graph_that_fails_is_named(engine, monkeypatch):
    net = lenet()
    fill(net)
    for _ in range(2):
        net.forward()

    def launch(self, stream=None):
        raise ILLEGAL

    monkeypatch.setattr(streams.Graph, "launch", launch)
    with pytest.raises(RunError) as caught:
        net.forward()
    found = str(caught.value)
    assert found.startswith("the CUDA graph of the forward calls from net.prototxt:")
    assert found.endswith(f": the GPU failed ({ILLEGAL}); {MEND}")
    if engine == "cudnn":
        assert "layer 'conv1' (Convolution) to net.prototxt:14: layer 'loss' (Soft" in found


def test_an_error_that_comes_late_is_told_with_the_mend(engine):
    net = lenet()
    fill(net)
    for _ in range(3):
        net.forward()
    read = net.reading("loss")
    streams.fail_later(ILLEGAL)
    message = f"the results of a pass: the GPU failed ({ILLEGAL}); {MEND}"
    for look in (read, lambda: net.blobs["loss"].data):
        with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
            look()


def test_an_error_of_one_call_names_its_layer(engine, monkeypatch):
    monkeypatch.setenv("NETDEF_CAPTURE", "0")
    net = lenet()
    fill(net)

    def fail():
        raise ILLEGAL

    place = next(
        i for i, (call, _) in enumerate(net.executor._forward) if call.primitive == "uniform"
    )
    net.executor._forward[place] = (net.executor._forward[place][0], fail)
    where = "net.prototxt:11: layer 'drop1' (Dropout)"
    with pytest.raises(RunError, match=f"^{re.escape(f'{where}: the GPU failed ({ILLEGAL})')}"):
        net.forward()


def test_the_variable_is_0_or_1(engine, monkeypatch):
    monkeypatch.setenv("NETDEF_CAPTURE", "no")
    with pytest.raises(ConfigError, match="^NETDEF_CAPTURE is 'no'; it is 1, or 0 to run call by"):
        lenet().reshape()


def test_the_cpu_captures_nothing(monkeypatch):
    monkeypatch.setenv("NETDEF_CAPTURE", "no")  # which nobody asks for there
    assert lenet().executor._passes is None


GRAPHS = {
    "cudnn": """\
CUDA graphs of  graphs  calls in them  others  which run one by one
-------------------------------------------------------------------
forward              1              8       0  none
backward             1             10       0  none""",
    "cupy": """\
CUDA graphs of  graphs  calls in them  others  which run one by one
----------------------------------------------------------------------------------------
forward              3              5       3  conv (conv1), gemm (ip1, ip2)
backward             5              5       5  gemm (ip2, ip1), conv_grad_weight (conv1)""",
}


def test_the_graphs_of_a_plan_as_a_table(engine):
    net = lenet()
    assert show_graphs(net.plan) == GRAPHS[engine]
    fill(net)
    for _ in range(2):
        net.forward()
        net.backward()
    rows = GRAPHS[engine].splitlines()[2:]
    assert [len(g) for g in graphs_of(net).values()] == [int(row.split()[1]) for row in rows]


NETS = Path(__file__).parents[1] / "benchmarks" / "nets"
LARGE = ["alexnet", "googlenet", "resnet50"]


@pytest.mark.parametrize(
    "name",
    [
        "lenet",
        "cifar10_quick",
        "squeezenet",
        "resnet18",
        *(pytest.param(n, marks=pytest.mark.slow) for n in LARGE),
    ],
)
def test_each_pass_of_the_benchmark_nets_is_one_graph(name, tmp_path):
    with gpu_with_cudnn(tmp_path):
        net = Net(str(NETS / f"{name}.prototxt"), netdef.TRAIN, keep="outputs")
        rows = [row.split() for row in show_graphs(net.plan).splitlines()[2:]]
    assert [(way, graphs, others) for way, graphs, _, others, *_ in rows] == [
        ("forward", "1", "0"),
        ("backward", "1", "0"),
    ]

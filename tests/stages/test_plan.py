"""Engines and memory for every call: buffers of values alive together never overlap."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import netdef
from netdef.engines.numpy import NumpyEngine
from netdef.errors import UnknownType
from netdef.graph import build
from netdef.infer import infer
from netdef.net import Net
from netdef.plan import Plan, compile_program
from netdef.proto import TEST, TRAIN
from netdef.prototxt import parse_net, read_net
from netdef.record import record
from tests.stages.staging import given, layer, plan_of, product

CONV = "convolution_param { num_output: 4 kernel_size: 3 pad: 1 }"
POOL = "pooling_param { kernel_size: 2 stride: 2 }"
IMAGES = (
    given("x label", (2, 3, 8, 8), (2,))
    + layer("conv", "Convolution", "x", fields=CONV)
    + layer("relu", "ReLU", "conv", "conv")
    + layer("pool", "Pooling", "conv", fields=POOL)
    + layer("conv2", "Convolution", "pool", fields=CONV)
    + layer("both", "Eltwise", "pool conv2")
    + product("ip", "both", 3)
    + layer("loss", "SoftmaxWithLoss", "ip label")
)


def random_net(seed: int) -> str:
    """Write a net of 12 random layers whose blobs are read by any number of later ones."""
    rng = np.random.default_rng(seed)
    text, blobs = given("x label", (2, 4, 6, 6), (2,)), ["x"]
    for i in range(12):
        kind, bottom = rng.integers(6), str(rng.choice(blobs[-3:]))
        name, other = f"l{i}", str(rng.choice(blobs))
        text += [
            layer(name, "Convolution", bottom, fields=CONV),
            layer(name, "ReLU", bottom, bottom if bottom != "x" else name),
            layer(name, "LRN", bottom),
            layer(name, "Eltwise", f"{bottom} {other}", fields="eltwise_param { operation: MAX }"),
            layer(name, "BatchNorm", bottom),
            layer(name, "Dropout", bottom, bottom if bottom != "x" else name),
        ][kind]
        blobs.append(name if f'top: "{name}"' in text else bottom)
    return text + product("ip", blobs[-1], 3) + layer("loss", "SoftmaxWithLoss", "ip label")


def touched(call):
    return set(call.read_values()) | set(call.written_values())


def lives(plan: Plan) -> dict:
    """Return from which call to which each value is needed, found by looking at every call.

    Kept ones are needed to the end, and from the start if they are read before they are written.
    """
    calls, found = (*plan.forward, *plan.backward), {}
    for at, call in enumerate(calls):
        for value in touched(call) & plan.slots.keys():
            is_read_first = value in plan.kept and value in call.read_values()
            first = found.get(value, (-1 if is_read_first else at,))[0]
            found[value] = (first, len(calls) if value in plan.kept else at)
    return dict.fromkeys(plan.kept, (-1, len(calls))) | found


def assert_no_overlap(plan: Plan) -> None:
    """Fail if two values lie in the same bytes while both hold something somebody needs.

    The one exception: a call may write over a value of the same size that it reads last.
    """
    alive = sorted(lives(plan).items(), key=lambda item: item[1])
    for i, (a, (_, a_last)) in enumerate(alive):
        start, stop = plan.slots[a].offset, plan.slots[a].offset + a.bytes
        assert 0 <= start <= stop <= plan.arena_bytes
        for b, (b_first, _) in alive[i + 1 :]:
            other = plan.slots[b].offset
            is_apart = stop <= other or other + b.bytes <= start
            is_over = a_last == b_first and (start, a.bytes) == (other, b.bytes)
            assert is_apart or a_last < b_first or is_over, f"{a} and {b}"


NETS = [IMAGES, *map(random_net, range(30))]


@pytest.mark.parametrize("keep", ["outputs", "blobs"])
@pytest.mark.parametrize("net", range(len(NETS)))
def test_values_alive_together_never_overlap(net, keep):
    plan = plan_of(NETS[net], keep=keep)
    assert_no_overlap(plan)
    assert plan.backward


def test_overlapping_values_are_seen():
    plan = plan_of(IMAGES)
    by_name = {str(v): v for v in plan.slots}
    plan.slots[by_name["pool"]] = plan.slots[by_name["conv@relu"]]
    with pytest.raises(AssertionError, match="conv@relu and pool"):
        assert_no_overlap(plan)


def real_nets(shared: Path) -> list[Path]:
    return sorted((shared / "data" / "models").glob("**/*.prototxt"))


def test_real_nets(shared):
    planned = []
    for path in real_nets(shared):
        text = read_net(path) if "solver" not in path.name else None
        if text is None or any(n.type.endswith("Data") for n in text.net.layer):
            continue
        try:
            graph = build(text, TEST)
        except UnknownType:
            continue
        program = record(graph, infer(graph))
        for keep in ("outputs", "blobs"):
            plan = compile_program(program, [NumpyEngine()], keep)
            assert_no_overlap(plan)
            if keep == "outputs" and len(graph.nodes) > 5:
                assert plan.arena_bytes < plan.values_bytes
        planned.append(path.parent.name)
    assert {"lenet", "squeezenet_v1.1", "cifar10_v1era", "cifar10_h5"} <= set(planned)


def test_outputs_take_less_memory_than_blobs():
    outputs, blobs = plan_of(IMAGES), plan_of(IMAGES, keep="blobs")
    assert outputs.arena_bytes < outputs.values_bytes
    assert outputs.arena_bytes < blobs.arena_bytes


def test_a_test_that_keeps_outputs_takes_only_what_is_alive():
    text = given("x", (4, 1000)) + "".join(
        layer(f"s{i}", "Sigmoid", f"s{i - 1}" if i else "x") for i in range(9)
    )
    graph = build(parse_net(text, "net.prototxt"), TEST)
    program = record(graph, infer(graph), backward=False)
    plan = compile_program(program, [NumpyEngine()], passes=())
    assert plan.arena_bytes == 2 * 16000 and plan.values_bytes == 10 * 16000


def test_kept_blobs():
    names = {str(v) for v in plan_of(IMAGES, keep="blobs").kept}
    assert {"x", "label", "conv@relu", "pool", "conv2", "both", "ip", "loss"} <= names
    assert {"d conv@relu", "d pool", "d conv2", "d both", "d ip", "d loss"} <= names
    assert {str(v) for v in plan_of(IMAGES).kept} == {"x", "label", "loss", "d loss"}


def test_mask_that_nobody_reads_is_not_written():
    graph = build(parse_net(IMAGES, "net.prototxt"), TEST)
    plan = compile_program(record(graph, infer(graph), backward=False), [NumpyEngine()])
    pool = next(c for c in plan.forward if c.primitive == "pool_max")
    assert pool.writes["index"] is None
    trained = next(c for c in plan_of(IMAGES).forward if c.primitive == "pool_max")
    assert str(trained) == "pool, pool.index = pool_max(conv@relu, window=2x2 step 2x2)"


def test_calls_whose_result_nobody_reads_are_left_out():
    text = given("x", (2, 3)) + layer("s", "Split", "x", "a b") + layer("r", "ReLU", "a")
    assert [c.primitive for c in plan_of(text).forward] == ["copy", "copy", "map"]
    unread = text + layer("silence", "Silence", "b", "")
    assert [c.primitive for c in plan_of(unread).forward] == ["copy", "map"]


def test_images_lie_with_the_batch_innermost_and_inputs_as_they_are():
    orders = {str(v): slot.order for v, slot in plan_of(IMAGES).slots.items()}
    assert orders["x"] == (0, 1, 2, 3)
    assert orders["pool"] == orders["conv2"] == (1, 2, 3, 0)


def results(text, keep, phase=TRAIN):
    """Return outputs and weight gradients of two passes, as bytes."""
    net = Net(text, phase, keep=keep, seed=4)
    rng, found = np.random.default_rng(0), {}
    for blob in net.inputs:
        shape = net.blobs[blob].shape
        values = rng.integers(0, 3, shape) if blob == "label" else rng.normal(size=shape)
        net.blobs[blob].data[...] = values
    for step in range(2):
        found |= {f"{step} {n}": np.array(v) for n, v in net.forward().items()}
        if phase == TRAIN:
            net.backward()
    for name, params in net.params.items():
        found |= {f"d {name} {i}": np.array(p.diff) for i, p in enumerate(params)}
    return found


def assert_keeping_changes_nothing(text, phase=TRAIN):
    some, every = results(text, "outputs", phase), results(text, "blobs", phase)
    assert some.keys() == every.keys()
    for name, values in every.items():
        assert np.array_equal(some[name], values), name


@pytest.mark.parametrize("net", range(0, len(NETS), 3))
def test_keeping_blobs_changes_no_number(net):
    assert_keeping_changes_nothing(parse_net(NETS[net], "net.prototxt"))


TRAINED = """
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "%s" bottom: "label" top: "loss" }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: %d } } }
"""


@pytest.mark.parametrize(
    ("path", "scores"),
    [("lenet/lenet_deploy.prototxt", "ip2"), ("cifar10_h5/cifar10_quick.prototxt", "ip2")],
)
def test_keeping_blobs_changes_no_number_of_real_nets(shared, path, scores):
    assert_keeping_changes_nothing(trained(shared / "data" / "models" / path, scores))


def trained(path, scores):
    """Return a net made to be used with a loss in the place of its last layer."""
    text = read_net(path)
    batch = text.net.layer[0].input_param.shape[0].dim[0]
    loss, label = parse_net(TRAINED % (scores, batch), "more").net.layer
    layers = [label, *list(text.net.layer)[:-1], loss]
    copies = [type(one).FromString(one.SerializeToString()) for one in layers]
    del text.net.layer[:]
    text.net.layer.extend(copies)
    return type(text)(text.net, text.path, (0,) * len(copies))


def test_keeping_blobs_changes_no_number_of_squeezenet(shared):
    path = shared / "data" / "models" / "squeezenet_v1.1" / "deploy.prototxt"
    text = read_net(path)
    shape = text.net.layer[0].input_param.shape[0]
    shape.dim[:] = [1, 3, 115, 115]
    assert_keeping_changes_nothing(text, TEST)


def test_plans_are_kept_by_the_shapes_of_the_inputs():
    net = netdef.Net(parse_net(IMAGES, "net.prototxt"), netdef.TEST)
    first = net.plan
    net.blobs["x"].reshape(3, 3, 8, 8)
    net.blobs["label"].reshape(3)
    second = net.plan
    assert second is not first and net.plan is second
    net.blobs["x"].reshape(2, 3, 8, 8)
    net.blobs["label"].reshape(2)
    assert net.plan is net.plan
    assert net.forward()["loss"].shape == ()


def test_a_trained_step_allocates_no_array(shared):
    lenet = shared / "data" / "models" / "lenet" / "lenet_deploy.prototxt"
    net = Net(trained(lenet, "ip2"), TRAIN, keep="outputs")
    net.blobs["data"].reshape(64, 1, 28, 28)
    net.blobs["label"].reshape(64)
    for _ in range(2):
        net.forward()
        net.backward()
    tracemalloc.start()
    for _ in range(3):
        net.forward()
        net.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 256 << 10  # NumPy's buffers of a few calls; conv1 alone makes 2.8 MB

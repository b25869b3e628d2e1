"""The nets to measure are current, and are the published ones by their sizes."""

import math

import pytest
from make_nets import ARCHITECTURES, net_text

from netdef.graph import build
from netdef.infer import infer
from netdef.proto import TRAIN
from netdef.prototxt import read_net

LEARNED = {
    "lenet": 431_080,
    "cifar10_quick": 145_578,
    "alexnet": 60_965_224,
    "squeezenet": 1_235_496,
    "googlenet": 13_378_280,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
}
INPUTS = {
    "lenet": (64, 1, 28, 28),
    "cifar10_quick": (100, 3, 32, 32),
    "alexnet": (32, 3, 227, 227),
    "squeezenet": (32, 3, 227, 227),
    "googlenet": (16, 3, 224, 224),
    "resnet18": (16, 3, 224, 224),
    "resnet50": (16, 3, 224, 224),
}


@pytest.fixture
def planned(benchmarks):
    """Return the graph and the shapes of a net."""

    def plan(name):
        graph = build(read_net(benchmarks / "nets" / f"{name}.prototxt"), TRAIN)
        return graph, infer(graph)

    return plan


def size(params):
    return sum(math.prod(p.weight.shape) for p in params if p.weight.is_learned)


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.__name__)
def test_the_file_is_what_make_nets_writes(architecture, benchmarks):
    path = benchmarks / "nets" / f"{architecture.__name__}.prototxt"
    assert path.read_text() == net_text(architecture), "run python benchmarks/make_nets.py"


def test_no_file_is_left_over(benchmarks):
    assert {p.stem for p in (benchmarks / "nets").iterdir()} == set(LEARNED)


@pytest.mark.parametrize("name", LEARNED)
def test_it_has_the_published_number_of_weights(name, planned):
    _, shapes = planned(name)
    assert size(shapes.owners) == LEARNED[name]
    assert shapes.blobs["data"] == INPUTS[name]


def test_googlenet_has_two_auxiliary_classifiers_of_weight_three_tenths(planned):
    graph, shapes = planned("googlenet")
    losses = {n.name: n.loss_weights[0] for n in graph.nodes if n.type == "SoftmaxWithLoss"}
    assert losses == pytest.approx({"loss1/loss": 0.3, "loss2/loss": 0.3, "loss3/loss3": 1})
    side = ("loss1/", "loss2/")
    assert size(p for p in shapes.owners if not p.key.startswith(side)) == 6_998_552


@pytest.mark.parametrize(("name", "side"), [("squeezenet", 14), ("googlenet", 7), ("resnet18", 7)])
def test_the_last_images_have_the_published_size(name, side, planned):
    graph, shapes = planned(name)
    last = [n.tops[0] for n in graph.nodes if n.type in ("Convolution", "Concat", "Eltwise")][-1]
    assert shapes.blobs[last][2:] == (side, side)

"""Multiply-adds, held against sums by hand and against published ones."""

from pathlib import Path

import pytest

from netdef.counting import multiply_adds, multiply_adds_by_node
from netdef.graph import build
from netdef.infer import infer
from netdef.program import Program
from netdef.proto import TRAIN
from netdef.prototxt import parse_net, read_net
from netdef.record import record

NETS = Path(__file__).resolve().parents[1] / "benchmarks" / "nets"


def program_of(layers: str) -> Program:
    graph = build(parse_net(layers, "net.prototxt"), TRAIN)
    return record(graph, infer(graph))


def data(*dims: int) -> str:
    shape = " ".join(f"dim: {d}" for d in dims)
    return f'layer {{ name: "in" type: "Input" top: "x" input_param {{ shape {{ {shape} }} }} }}'


def counted(program: Program) -> dict[str, int]:
    calls = (*program.forward, *program.backward)
    return {c.primitive: multiply_adds(c) for c in calls if multiply_adds(c)}


def test_a_convolution_with_groups_and_its_gradients():
    program = program_of(
        data(2, 4, 7, 7)
        + 'layer { name: "a" type: "Convolution" bottom: "x" top: "y" loss_weight: 1 '
        "propagate_down: true "
        "convolution_param { num_output: 6 group: 2 kernel_size: 3 stride: 2 } }"
        "force_backward: true"
    )
    by_hand = 2 * 6 * 3 * 3 * (4 // 2) * 3 * 3  # images, outputs, places, channels, kernel
    assert counted(program) == dict.fromkeys(["conv", "conv_grad_x", "conv_grad_weight"], by_hand)


@pytest.mark.parametrize("transpose", ["false", "true"])
def test_matrix_products_whichever_side_is_transposed(transpose):
    program = program_of(
        data(5, 3, 4)
        + 'layer { name: "a" type: "InnerProduct" bottom: "x" top: "y" loss_weight: 1 '
        f"inner_product_param {{ num_output: 7 transpose: {transpose} }} }}"
        "force_backward: true"
    )
    products = [multiply_adds(c) for c in (*program.forward, *program.backward)]
    assert [p for p in products if p] == [5 * 12 * 7] * 3


def test_elementwise_calls_count_nothing():
    program = program_of(data(5, 3) + 'layer { name: "a" type: "ReLU" bottom: "x" top: "y" }')
    assert counted(program) == {}


@pytest.mark.parametrize(
    ("net", "millions"),
    [
        ("alexnet", 720),
        ("squeezenet", 350),
        ("googlenet", 1580),
        ("resnet18", 1820),
        ("resnet50", 4100),
    ],
)
def test_nets_of_the_literature(net, millions):
    """Published counts for one image (He et al. 2016, Iandola et al. 2016 and others), to 15 %."""
    text = read_net(NETS / f"{net}.prototxt")
    graph = build(text, TRAIN)
    shapes = infer(graph)
    program = record(graph, shapes, backward=False)
    images = shapes.blobs["data"][0]
    total = sum(multiply_adds_by_node(program.forward).values()) / images / 1e6
    assert total == pytest.approx(millions, rel=0.15)

"""What the picture of a net says of its layers and blobs."""

import pytest

from netdef.diagram.both_phases import both_phases
from netdef.diagram.net_diagram import phase_diagram
from netdef.model_zoo import nets
from netdef.proto import TEST, TRAIN, NetState
from netdef.prototxt import parse_net, read_net

NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } }
  include { phase: TRAIN } }
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 5 dim: 3 dim: 8 dim: 8 } }
  include { phase: TEST } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "y" param { lr_mult: 0 } param { lr_mult: 0 }
  convolution_param { num_output: 4 kernel_h: 3 kernel_w: 5 stride: 2 pad: 1 group: 1 } }
layer { name: "relu" type: "ReLU" bottom: "y" top: "y" relu_param { negative_slope: 0.1 } }
layer { name: "norm" type: "BatchNorm" bottom: "y" top: "y" }
layer { name: "pool" type: "Pooling" bottom: "y" top: "p" pooling_param { pool: AVE kernel_size: 2 } }
layer { name: "ip" type: "InnerProduct" bottom: "p" top: "z" param { lr_mult: 1 } param { lr_mult: 2 }
  inner_product_param { num_output: 6 } }
layer { name: "ip2" type: "InnerProduct" bottom: "z" top: "q" param { name: "w" }
  inner_product_param { num_output: 6 bias_term: false } }
layer { name: "ip3" type: "InnerProduct" bottom: "q" top: "r" param { name: "w" }
  inner_product_param { num_output: 6 bias_term: false } }
layer { name: "prob" type: "Softmax" bottom: "r" top: "out" include { phase: TEST } }
layer { name: "loss" type: "EuclideanLoss" bottom: "r" bottom: "q" top: "l" include { phase: TRAIN } }
"""  # noqa: E501


def drawn(phase, text=NET):
    return phase_diagram(parse_net(text, "net.prototxt"), NetState(phase=phase)).diagram


def lines(diagram):
    return {box.title: list(box.lines) for box in diagram.boxes}


def test_layers_tell_fields_weights_work_and_rates():
    found = lines(drawn(TEST))
    assert found["conv"] == [
        "Convolution", "kernel 3x5, stride 2, pad 1", "num_output: 4", "184 weights",
        # 5 images of 4 channels of 4 x 3 places, each of 3 channels of 3 x 5 taps
        f"{5 * 4 * 4 * 3 * 45:,} multiply-adds", "frozen",
    ]  # fmt: skip
    assert found["relu"] == ["ReLU", "negative_slope: 0.1", "in place"]
    assert found["pool"] == ["Pooling", "kernel 2", "pool: AVE"]
    assert found["ip"][-1] == "lr x 1, 2"
    assert found["ip3"] == ["InnerProduct", "num_output: 6", "bias_term: false", "weights of ip2",
                            "180 multiply-adds"]  # fmt: skip
    assert found["out"] == ["5x6"]


def test_only_layers_that_could_learn_are_frozen():
    boxes = {box.title: box for box in drawn(TEST).boxes}
    assert [name for name, box in boxes.items() if box.is_frozen] == ["conv"]
    assert [name for name, box in boxes.items() if box.is_in_place] == ["relu", "norm"]


def test_in_place_layers_stand_in_a_chain():
    diagram = drawn(TEST)
    title = {box.key: box.title for box in diagram.boxes}
    edges = [(title[e.tail], title[e.head], e.lines) for e in diagram.edges]
    assert edges[:4] == [
        ("in", "conv", ("x", "5x3x8x8")),
        ("conv", "relu", ("y", "5x4x4x3")),
        ("relu", "norm", ("5x4x4x3",)),
        ("norm", "pool", ("5x4x4x3",)),
    ]
    assert edges[-1] == ("prob", "out", ())


def test_phases_in_one_picture():
    diagram = both_phases(drawn(TRAIN), drawn(TEST))
    assert [(box.title, box.phase) for box in diagram.boxes if box.phase] == [
        ("in", "TRAIN"), ("in", "TEST"), ("prob", "TEST"), ("out", "TEST"), ("loss", "TRAIN"),
        ("l", "TRAIN"),
    ]  # fmt: skip
    assert len(diagram.boxes) == 9 + 2 + 2
    title = {box.key: box.title for box in diagram.boxes}
    edges = {(title[e.tail], title[e.head], e.phase): e.lines for e in diagram.edges}
    assert edges["conv", "relu", ""] == ("y", "TRAIN: 2x4x4x3", "TEST: 5x4x4x3")
    assert edges["in", "conv", "TRAIN"] == ("x", "2x3x8x8")
    (ip3,) = (box for box in diagram.boxes if box.title == "ip3")
    assert ip3.lines[-2:] == ("TRAIN: 72 multiply-adds", "TEST: 180 multiply-adds")


def test_a_net_whose_data_are_missing_is_drawn_without_shapes():
    found = phase_diagram(read_net(nets.prototxt("lenet/train_val")), NetState(phase=TRAIN))
    assert "no such file or folder" in found.shapeless
    assert lines(found.diagram)["conv1"][:3] == ["Convolution", "kernel 5", "num_output: 20"]
    assert all("x" not in line for edge in found.diagram.edges for line in edge.lines)


@pytest.mark.parametrize("name", ["googlenet", "unet", "ssd300"])
def test_every_edge_of_a_net_of_the_zoo_leads_from_box_to_later_box(name):
    diagram = phase_diagram(read_net(nets.prototxt(name)), NetState(phase=TEST)).diagram
    places = {box.key: i for i, box in enumerate(b for b in diagram.boxes)}
    makers = {e.tail for e in diagram.edges}
    assert all(e.tail in places and e.head in places for e in diagram.edges)
    assert all(box.key in makers for box in diagram.boxes if box.kind != "blob")


def test_a_layer_that_learns_in_part_is_not_frozen():
    text = NET.replace("param { lr_mult: 1 } param { lr_mult: 2 }", "param { lr_mult: 0 }")
    (ip,) = (box for box in drawn(TEST, text).boxes if box.title == "ip")
    assert (ip.is_frozen, ip.lines[-1]) == (False, "lr x 0, 1")

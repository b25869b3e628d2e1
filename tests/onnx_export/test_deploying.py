"""A net as it is deployed: inputs for data, no losses."""

import pytest

from netdef.errors import ConfigError, MissingFile
from netdef.graph import build
from netdef.infer import infer
from netdef.onnx_export.deploying import as_deployed
from netdef.proto import TEST, TRAIN
from netdef.prototxt import parse_net, read_net

TRAINING = """
layer { name: "data" type: "Data" top: "data" top: "label"
        data_param { source: "nowhere" batch_size: 4 } include { phase: TRAIN } }
layer { name: "data" type: "DummyData" top: "data" top: "label"
        dummy_data_param { shape { dim: 2 dim: 6 } shape { dim: 2 } } include { phase: TEST } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
        inner_product_param { num_output: 3 } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" }
layer { name: "error" type: "Power" bottom: "accuracy" top: "error"
        power_param { scale: -1 shift: 1 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


def layers(text, phase=TEST, **more):
    net = as_deployed(parse_net(text, "net.prototxt"), phase, **more).net
    return [(one.name, one.type, list(one.bottom), list(one.top)) for one in net.layer]


def test_a_net_that_trains():
    assert layers(TRAINING) == [
        ("data", "Input", [], ["data"]),
        ("ip", "InnerProduct", ["data"], ["ip"]),
        ("loss", "Softmax", ["ip"], ["prob"]),
    ]


def test_data_need_not_be_there_if_the_shape_is_given():
    with pytest.raises(MissingFile) as raised:
        layers(TRAINING, TRAIN)
    assert str(raised.value) == (
        "net.prototxt:2: layer 'data' (Data): nowhere: no such file or folder; without it, give"
        " --input-shape data=..."
    )
    shapes = {"data": (5, 6)}
    text = as_deployed(parse_net(TRAINING, "net.prototxt"), TRAIN, shapes=shapes)
    graph = build(text, TRAIN)
    assert infer(graph).blobs["prob"] == (5, 3)


def test_every_input_that_is_left_needs_a_shape():
    text = TRAINING.replace('"Accuracy" bottom: "ip"', '"Concat" bottom: "ip"')
    with pytest.raises(ConfigError) as raised:
        layers(text, TRAIN, shapes={"data": (5, 6)})
    assert str(raised.value) == "net.prototxt: give --input-shape label=... too"


def test_a_shape_of_no_input():
    with pytest.raises(ConfigError) as raised:
        layers(TRAINING, shapes={"dato": (1,)})
    assert str(raised.value) == "net.prototxt: has no input 'dato'; did you mean 'data'?"


def test_several_losses_and_what_silence_reads():
    text = """
    layer { name: "in" type: "Input" top: "a" top: "t" input_param { shape { dim: 2 dim: 4 } } }
    layer { name: "cut" type: "Slice" bottom: "a" top: "b" top: "c" slice_param { axis: 0 } }
    layer { name: "abs" type: "AbsVal" bottom: "c" top: "d" }
    layer { name: "hush" type: "Silence" bottom: "c" bottom: "d" bottom: "t" }
    layer { name: "l1" type: "SigmoidCrossEntropyLoss" bottom: "a" bottom: "t" top: "l1" }
    layer { name: "l2" type: "HingeLoss" bottom: "b" bottom: "t" top: "l2" }
    layer { name: "l3" type: "SoftmaxWithLoss" bottom: "b" bottom: "t" top: "l3" top: "p"
            softmax_param { axis: 0 } }
    layer { name: "l4" type: "SoftmaxWithLoss" bottom: "b" bottom: "t" top: "l4" }
    layer { name: "best" type: "ArgMax" bottom: "p" top: "best" }
    layer { name: "l5" type: "SoftmaxWithLoss" bottom: "a" bottom: "t" top: "l5" }
    """
    assert layers(text) == [
        ("in", "Input", [], ["a"]),
        ("cut", "Slice", ["a"], ["b", "c"]),
        ("hush", "Silence", ["c"], []),
        ("l1", "Sigmoid", ["a"], ["prob"]),
        ("l3", "Softmax", ["b"], ["p"]),
        ("best", "ArgMax", ["p"], ["best"]),
        ("l5", "Softmax", ["a"], ["l5_prob"]),
    ]


def test_where_layers_are_written_is_kept():
    text = as_deployed(parse_net(TRAINING, "net.prototxt"), TEST)
    assert [text.where(i) for i in range(3)] == [
        "net.prototxt:4", "net.prototxt:6", "net.prototxt:11"
    ]  # fmt: skip


def test_a_net_that_trains_has_the_layers_of_the_one_to_use():
    shapes = {"data": (1, 1, 28, 28)}
    mine = as_deployed(read_net("zoo:lenet/train_val"), TEST, shapes=shapes)
    theirs = read_net("zoo:lenet")
    assert [one.type for one in mine.net.layer] == [one.type for one in theirs.net.layer]

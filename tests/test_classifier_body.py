"""What a prototxt holds from pictures to scores."""

import pytest

from netdef.classifier_body import body_of
from netdef.errors import ConfigError
from netdef.prototxt import parse_net

from .painting import DEPLOY

TRAINS = """
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  transform_param { crop_size: 9 } data_param { source: "none" batch_size: 2 } }
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
  transform_param { crop_size: 8 mean_value: 5 } data_param { source: "none" batch_size: 2 } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 7 kernel_size: 8 } }
layer { name: "aside" type: "InnerProduct" bottom: "conv1" top: "aside"
  inner_product_param { num_output: 7 } }
layer { name: "loss1" type: "SoftmaxWithLoss" bottom: "aside" bottom: "label" top: "loss1" }
layer { name: "fc2" type: "InnerProduct" bottom: "conv1" top: "fc2"
  inner_product_param { num_output: 7 } }
layer { name: "drop2" type: "Dropout" bottom: "fc2" top: "fc2" }
layer { name: "accuracy" type: "Accuracy" bottom: "fc2" bottom: "label" top: "accuracy"
  include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc2" bottom: "label" top: "loss" }
"""


def test_a_net_that_deploys():
    body = body_of(parse_net(DEPLOY, "d.prototxt"))
    assert (body.pictures, body.shape, body.scores, body.head) == ("data", (3, 8, 8), "fc2", "fc2")
    assert [m.name for m in body.net.layer] == ["data", "conv1", "relu1", "pool1", "fc2"]
    assert body.transform.mean_value == []


def test_a_net_that_trains_and_tests():
    body = body_of(parse_net(TRAINS, "t.prototxt"))
    assert (body.shape, body.scores, body.head) == ((3, 8, 8), "fc2", "fc2")
    assert [m.name for m in body.net.layer] == ["data", "conv1", "fc2", "drop2"]
    assert body.transform.mean_value == [5]


def test_a_net_that_ends_in_scores():
    text = DEPLOY[: DEPLOY.index('layer { name: "prob"')]
    assert body_of(parse_net(text, "s.prototxt")).head == "fc2"


def test_squeezenet_s_head_is_a_convolution(shared):
    for name in ("deploy.prototxt", "train_val.prototxt"):
        path = shared / "data" / "models" / "squeezenet_v1.1" / name
        body = body_of(parse_net(path.read_text(), name))
        assert (body.head, body.scores, body.shape) == ("conv10", "pool10", (3, 227, 227))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            TRAINS.replace("crop_size: 8", ""),
            "n.prototxt: layer 'data' has no crop_size, so the size of its pictures is not known;"
            " give the deploy prototxt",
        ),
        (
            DEPLOY.replace("dim: 8 dim: 8", ""),
            "n.prototxt: input 'data' has the shape (2, 3); pictures are (N, channels, height,"
            " width)",
        ),
        (
            DEPLOY[: DEPLOY.index('layer { name: "fc2"')].replace("num_output: 6", "num_output: 6"
            ).replace('layer { name: "pool1"', 'layer { name: "s" type: "Slice" bottom: "conv1"'
            ' top: "a" top: "b" } layer { name: "pool1"').replace('bottom: "conv1" top: "pool1"',
            'bottom: "a" top: "pool1"'),
            "n.prototxt: no Convolution or InnerProduct has the 3 outputs of the scores 'pool1', so"
            " there is no head to put a new one in the place of",
        ),
        ('name: "none"', "n.prototxt: has no layers that make scores"),
    ],
)  # fmt: skip
def test_nets_that_are_no_classifiers(text, message):
    with pytest.raises(ConfigError) as caught:
        body_of(parse_net(text, "n.prototxt"))
    assert str(caught.value) == message

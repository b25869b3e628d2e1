"""Learning rates of layers that patterns name."""

import pytest

from netdef.errors import ConfigError
from netdef.graph import build
from netdef.infer import infer
from netdef.layer_rates import freeze, multiply_rates
from netdef.proto import TRAIN
from netdef.prototxt import parse_net

TEXT = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 4 } } }
layer { name: "fc1" type: "InnerProduct" bottom: "data" top: "fc1" param { lr_mult: 1 }
  param { lr_mult: 2 } inner_product_param { num_output: 3 } }
layer { name: "fc2" type: "InnerProduct" bottom: "fc1" top: "fc2"
  inner_product_param { num_output: 3 bias_term: false } }
layer { name: "bn2" type: "BatchNorm" bottom: "fc2" top: "bn2" }
"""


@pytest.fixture
def net():
    return parse_net(TEXT, "net.prototxt")


def rates_of(net):
    shapes = infer(build(net, TRAIN))
    return {name: [p.lr_mult for p in params] for name, params in shapes.params.items() if params}


def params_of(net):
    return infer(build(net, TRAIN)).params


def test_rates_are_multiplied(net):
    assert multiply_rates(net.net, params_of(net), {"fc*": 2, "fc2": 5}) == ["fc1", "fc2"]
    assert rates_of(net) == {"fc1": [2, 4], "fc2": [10], "bn2": [0, 0, 0]}


def test_what_is_never_learned_stays_so(net):
    multiply_rates(net.net, params_of(net), {"*": 3})
    assert rates_of(net)["bn2"] == [0, 0, 0]


def test_frozen_layers_do_not_learn(net):
    assert freeze(net.net, params_of(net), ["fc[1]"]) == ["fc1"]
    assert rates_of(net) == {"fc1": [0, 0], "fc2": [1], "bn2": [0, 0, 0]}


@pytest.mark.parametrize(
    ("pattern", "hint"), [("fx1", "; did you mean 'fc1'?"), ("data", ""), ("q*", "")]
)
def test_a_pattern_that_names_no_layer_with_weights(net, pattern, hint):
    with pytest.raises(ConfigError) as caught:
        freeze(net.net, params_of(net), [pattern])
    assert str(caught.value) == f"{pattern!r} names no layer with weights{hint}"

import re

import pytest

from netdef.errors import ConfigError
from netdef.overrides import override_nets, split_override
from netdef.proto import NetParameter
from netdef.prototxt import parse_net

NET = """
name: "n"
layer { name: "data" type: "DummyData" top: "x" include { phase: TRAIN }
  dummy_data_param { shape { dim: 8 dim: 4 } } }
layer { name: "data" type: "DummyData" top: "x" include { phase: TEST }
  dummy_data_param { shape { dim: 8 dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "ip.2" type: "InnerProduct" bottom: "ip" top: "y" param { decay_mult: 5 }
  inner_product_param { num_output: 3 bias_term: false } }
layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
"""


def changed(*overrides: str) -> NetParameter:
    (net,) = override_nets([parse_net(NET, "n.prototxt")], map(split_override, overrides))
    return net.net


@pytest.mark.parametrize("text", ["base_lr", "=3", ""])
def test_what_is_no_override(text):
    message = f"{text!r} changes no field; write field=value, such as base_lr=0.005"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        split_override(text)


def test_a_layer_s_fields():
    net = changed("ip.inner_product_param.num_output=7", "ip.2.inner_product_param.num_output=5")
    assert [layer.inner_product_param.num_output for layer in net.layer[2:4]] == [7, 5]
    assert parse_net(NET, "n").net.layer[2].inner_product_param.num_output == 3


def test_the_rate_of_all_weight_blobs():
    net = changed("ip.lr_mult=0", "ip.2.lr_mult=0.5")
    assert [spec.lr_mult for spec in net.layer[2].param] == [0, 0]
    assert [(s.lr_mult, s.decay_mult) for s in net.layer[3].param] == [(0.5, 5)]


def test_one_phase_or_both():
    both = changed("data.dummy_data_param.shape[0].dim=2,4")
    assert [list(one.dummy_data_param.shape[0].dim) for one in both.layer[:2]] == [[2, 4]] * 2
    one = changed("data@TEST.dummy_data_param.shape[0].dim=2,4")
    assert [list(one.dummy_data_param.shape[0].dim) for one in one.layer[:2]] == [[8, 4], [2, 4]]


def test_the_net_s_own_fields():
    assert changed("force_backward=true").force_backward


def test_only_nets_with_the_layer_change():
    other = parse_net('layer { name: "b" type: "Input" top: "x" }', "b.prototxt")
    first, second = override_nets(
        [parse_net(NET, "n.prototxt"), other], [("ip.inner_product_param.num_output", "9")]
    )
    assert first.net.layer[2].inner_product_param.num_output == 9
    assert second == other


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("ipp.lr_mult=0", "the net has no layer or field 'ipp'; did you mean 'ip'?"),
        ("ip.lr_mul=0", "LayerParameter has no field 'lr_mul'; did you mean 'lr_mult'?"),
        ("forse_backward=1", "the net has no layer or field 'forse_backward'; did you mean"
         " 'force_backward'?"),
        ("ip=0", "layer 'ip' needs a field behind it, such as net.ip.lr_mult, or is not in that"
         " phase"),
        ("data@TRIAN.type=Input", "layer 'data' needs a field behind it, such as"
         " net.data.lr_mult, or is not in that phase"),
        ("ip.num_output=3", "LayerParameter has no field 'num_output'; it is a field of"
         " inner_product_param: write inner_product_param.num_output"),
        ("ip.inner_product_param.num_outputs=3", "InnerProductParameter has no field"
         " 'num_outputs'; did you mean 'num_output'?"),
        ("relu.lr_mult=0", "layer 'relu' (ReLU) has no weights"),
    ],
)  # fmt: skip
def test_refusals(override, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(f'net.{override}: {message}')}$"):
        changed(override)

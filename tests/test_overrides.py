import re

import pytest

from netdef.errors import ConfigError, NetdefError
from netdef.overrides import override_nets, set_field, split_override
from netdef.proto import NetParameter, SolverParameter
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


@pytest.mark.parametrize(
    ("path", "value", "field", "read"),
    [
        ("base_lr", "0.005", "base_lr", 0.005),
        ("max_iter", "0x10", "max_iter", 16),
        ("type", "Adam", "type", "Adam"),
        ("type", '"Adam"', "type", "Adam"),
        ("snapshot_prefix", "", "snapshot_prefix", ""),
        ("solver_mode", "CPU", "solver_mode", SolverParameter.CPU),
        ("debug_info", "true", "debug_info", True),
        ("stepvalue", "10,20", "stepvalue", [10, 20]),
        ("stepvalue", "[10, 20]", "stepvalue", [10, 20]),
        ("stepvalue", "[]", "stepvalue", []),
        ("stepvalue[0]", "7", "stepvalue", [7, 2]),
        ("stepvalue[2]", "7", "stepvalue", [1, 2, 7]),
        ("train_state.level", "2", "train_state.level", 2),
        ("train_state", "{level: 3 stage: 'a'}", "train_state.stage", ["a"]),
        ("test_state[0].stage", "a,b", "test_state[0].stage", ["a", "b"]),
    ],
)
def test_what_a_field_takes(path, value, field, read):
    solver = SolverParameter(stepvalue=[1, 2])
    set_field(solver, path, value)
    found = eval(f"solver.{field}")
    assert (list(found) if isinstance(read, list) else found) == pytest.approx(read)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("base_lrr", "1", "SolverParameter has no field 'base_lrr'; did you mean 'base_lr'?"),
        ("base_lr", "fast", "base_lr takes a number, not fast"),
        ("base_lr", "", "base_lr has no value; it takes a number"),
        (
            "max_iter",
            "1.5",
            "max_iter takes a whole number from -2147483648 to 2147483647, not 1.5",
        ),
        (
            "solver_mode",
            "CPUU",
            "SolverParameter.SolverMode has no value 'CPUU'; did you mean 'CPU'?",
        ),
        ("base_lr.x", "1", "base_lr has no fields; it takes a number"),
        ("base_lr[0]", "1", "base_lr takes one value; leave out [0]"),
        ("stepvalue[3]", "1", "there is no stepvalue[3]; the next new one is [2]"),
        ("test_state.level", "1", "test_state is there more than once; write test_state[0]"),
        ("test_state[1].level", "1", "there is no test_state[1]; the next new one is [0]"),
        ("train_state", "1", "train_state takes a block in braces { }, not 1"),
        (
            "train_state",
            "{levl: 1}",
            "train_state:1:1: NetState has no field 'levl'; did you mean 'level'?",
        ),
        ("", "1", "SolverParameter has no field ''"),
    ],
)
def test_what_a_field_does_not_take(path, value, message):
    solver = SolverParameter(stepvalue=[1, 2])
    with pytest.raises(NetdefError, match=f"^{re.escape(message)}$"):
        set_field(solver, path, value)


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

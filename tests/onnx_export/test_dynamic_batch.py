"""Models that take any number of items."""

import numpy as np
import pytest

from netdef.errors import ConfigError
from netdef.net import Net
from netdef.onnx_export.checking import drawn
from netdef.onnx_export.deploying import as_deployed
from netdef.onnx_export.model import export
from netdef.onnx_run import Session, compare, worst
from netdef.proto import TEST
from netdef.prototxt import read_net
from tests.onnx_export.agreement import deployed_net, draw_weights
from tests.onnx_export.test_layers import ONE_LAYER, inputs

BOUND = {"batch_norm_vector", "lstm_unit", "scale_bottom"}
"""Layers whose first axis numbers no items, or whose weights lie along it."""


def lengths(ports):
    return [[d.dim_param or d.dim_value for d in p.type.tensor_type.shape.dim] for p in ports]


def stretched(net: Net, session: Session) -> float:
    """Return the largest difference for three times as many items."""
    first = next(iter(drawn(net).values())).shape[0]
    given = {
        name: np.concatenate([values, values[::-1], values]) if len(values) == first else values
        for name, values in drawn(net).items()
    }
    return worst(compare(net, session, given, {})).relative


@pytest.mark.parametrize("name", sorted(ONE_LAYER.keys() - BOUND))
def test_a_layer_takes_other_numbers_of_items(name):
    shapes, text = ONE_LAYER[name]
    net = deployed_net(inputs(*shapes) + text)
    model = export(net, is_batch_dynamic=True)
    assert lengths(model.graph.input)[0][0] == "batch"
    assert stretched(net, Session(model.SerializeToString())) <= 1e-5


@pytest.mark.parametrize("name", ["squeezenet_v1.1", "lenet", "siamese_mnist"])
def test_a_net_takes_other_numbers_of_items(name):
    net = Net(as_deployed(read_net(f"zoo:{name}"), TEST), TEST, keep="outputs")
    draw_weights(net)
    model = export(net, is_batch_dynamic=True)
    assert [shape[0] for shape in lengths(model.graph.output)] == ["batch"]
    assert stretched(net, Session(model.SerializeToString())) <= 1e-4


def test_steps_of_time_are_no_items():
    net = Net(as_deployed(read_net("zoo:char_lstm"), TEST), TEST, keep="outputs")
    with pytest.raises(ConfigError) as raised:
        export(net, is_batch_dynamic=True)
    assert str(raised.value) == (
        "layer 'lstm' is bound to the number of items; export without --dynamic-batch"
    )


def test_a_part_of_the_items_is_bound_to_their_number():
    text = inputs("4 3") + (
        'layer { name: "cut" type: "Slice" bottom: "x0" top: "a" top: "b"'
        " slice_param { axis: 0 slice_point: 1 } }"
    )
    with pytest.raises(ConfigError) as raised:
        export(deployed_net(text), is_batch_dynamic=True)
    assert str(raised.value) == (
        "layer 'cut' is bound to the number of items; export without --dynamic-batch"
    )

"""Shapes that the user tells where data are missing."""

import pytest

from netdef.diagram.given_shapes import parse_shape, with_given_shapes
from netdef.diagram.net_diagram import phase_diagram
from netdef.errors import ConfigError
from netdef.model_zoo import nets
from netdef.proto import TRAIN, NetState
from netdef.prototxt import read_net


def test_a_net_without_its_data_gets_shapes_weights_and_work():
    text = read_net(nets.prototxt("lenet/train_val"))
    found = phase_diagram(text, NetState(phase=TRAIN), {"data": (2, 1, 28, 28)})
    assert found.shapeless == ""
    boxes = {box.title: box for box in found.diagram.boxes}
    (data,) = (box for box in found.diagram.boxes if box.kind == "data")
    assert data.lines[0] == "Data"
    # The weights of the filters and of the biases; a product for each of 24 x 24 places.
    assert "520 weights" in boxes["conv1"].lines
    assert f"{2 * 24 * 24 * 500:,} multiply-adds" in boxes["conv1"].lines
    shapes = [line for e in found.diagram.edges if e.tail == data.key for line in e.lines]
    assert "2x1x28x28" in shapes and "2" in shapes


def test_the_text_that_was_read_stays_as_it_is():
    text = read_net(nets.prototxt("lenet/train_val"))
    before = text.net.SerializeToString()
    changed = with_given_shapes(text, {"data": (2, 1, 28, 28), "label": (2, 1)})
    assert text.net.SerializeToString() == before
    (first, *_) = changed.net.layer
    assert [list(shape.dim) for shape in first.input_param.shape] == [[2, 1, 28, 28], [2, 1]]
    assert first.include == text.net.layer[0].include


def test_refusals():
    text = read_net(nets.prototxt("lenet/train_val"))
    with pytest.raises(ConfigError, match="no data layer makes a blob 'conv1'"):
        with_given_shapes(text, {"conv1": (1,)})
    with pytest.raises(ConfigError, match="no data layer makes a blob 'dta'; did you mean 'data'?"):
        with_given_shapes(text, {"dta": (1,)})
    for wrong in ("data", "data=", "=1,2", "data=1,x", "data=0,2", "data=-1"):
        with pytest.raises(ConfigError, match="is no shape of a blob; write data=64,3,28,28"):
            parse_shape(wrong)
    assert parse_shape("a=b=3,4"[2:]) == ("b", (3, 4))

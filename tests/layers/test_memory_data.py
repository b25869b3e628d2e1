import numpy as np
import pytest

import netdef
from netdef.errors import ConfigError, DataError, ShapeError
from netdef.prototxt import parse_net
from tests.refusal import refusal

FIELDS = "batch_size: 2 channels: 3 height: 2 width: 1"
DATA = np.arange(36, dtype="f").reshape(6, 3, 2, 1)
LABELS = np.arange(6, dtype="f")


def text(fields=FIELDS, tops='top: "data" top: "label"'):
    return f'layer {{ name: "mem" type: "MemoryData" {tops} memory_data_param {{ {fields} }} }}'


def net():
    return netdef.Net(parse_net(text(), "net.prototxt"), netdef.TEST)


def test_batches_go_round_the_arrays():
    made = net()
    made.set_input_arrays(DATA, LABELS)
    for first in (0, 2, 4, 0):
        got = made.forward()
        np.testing.assert_array_equal(got["data"], DATA[first : first + 2])
        np.testing.assert_array_equal(got["label"], LABELS[first : first + 2])
    made.close()


def test_new_arrays_begin_anew_and_may_be_of_any_numbers():
    made = net()
    made.set_input_arrays(DATA, LABELS)
    made.forward()
    made.set_input_arrays(DATA[::-1].astype("u1"), LABELS.reshape(6, 1, 1, 1).astype(int))
    got = made.forward()
    np.testing.assert_array_equal(got["data"], DATA[:3:-1])
    assert got["label"].tolist() == [0, 1]


def test_what_is_written_to_the_arrays_is_seen():
    made, data = net(), DATA.copy()
    made.set_input_arrays(data, LABELS)
    data[0] = -1
    assert (made.forward()["data"][0] == -1).all()


def test_the_state_goes_on_where_it_was():
    made = net()
    made.set_input_arrays(DATA, LABELS)
    made.forward()
    state = made.sources["mem"].state()
    other = net()
    other.set_input_arrays(DATA, LABELS)
    other.sources["mem"].restore(state)
    assert other.forward()["label"].tolist() == [2, 3]


def test_no_arrays():
    with pytest.raises(DataError) as caught:
        net().forward()
    assert str(caught.value) == (
        "net.prototxt:1: layer 'mem' (MemoryData): has no data; call net.set_input_arrays(data,"
        " labels) first"
    )


@pytest.mark.parametrize(
    ("data", "labels", "message"),
    [
        (
            DATA[:3],
            LABELS[:3],
            "data has the shape (3, 3, 2, 1); give (N, 3, 2, 1), N a multiple of batch_size 2",
        ),
        (
            DATA[:0],
            LABELS[:0],
            "data has the shape (0, 3, 2, 1); give (N, 3, 2, 1), N a multiple of batch_size 2",
        ),
        (
            DATA.reshape(6, 6),
            LABELS,
            "data has the shape (6, 6); give (N, 3, 2, 1), N a multiple of batch_size 2",
        ),
        (
            DATA,
            LABELS[:4],
            "labels have the shape (4,); give one number for each of the 6 images, (6,)",
        ),
        (
            DATA,
            LABELS.reshape(2, 3),
            "labels have the shape (2, 3); give one number for each of the 6 images, (6,)",
        ),
    ],
)
def test_arrays_that_do_not_fit(data, labels, message):
    with pytest.raises(ShapeError) as caught:
        net().set_input_arrays(data, labels)
    assert str(caught.value) == f"net.prototxt:1: layer 'mem' (MemoryData): {message}"


def test_a_net_without_such_a_layer():
    other = parse_net('layer { name: "in" type: "Input" top: "x" input_param { shape {} } }', "n")
    with pytest.raises(ConfigError) as caught:
        netdef.Net(other, netdef.TEST).set_input_arrays(DATA, LABELS)
    assert str(caught.value) == "the net has no MemoryData layer that could take arrays"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (text("batch_size: 2"), "memory_data_param must set channels"),
        (text(FIELDS.replace("2 ch", "0 ch")), "batch_size must be at least 1, got 0"),
        (text(tops='top: "data"'), "takes 2 tops, got 1"),
    ],
)
def test_what_is_refused(given, message):
    assert refusal(given) == f"net.prototxt:1: layer 'mem' (MemoryData): {message}"

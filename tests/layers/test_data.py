import numpy as np
import pytest

import netdef
from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.layer import LAYERS
from netdef.prototxt import parse_net
from tests.refusal import refusal

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 6, 8), np.uint8)


@pytest.fixture
def database(tmp_path):
    with LmdbWriter(tmp_path / "images") as writer:
        for i, image in enumerate(IMAGES):
            writer.put(b"%04d" % i, encode(image, 10 + i))
    return tmp_path / "images"


def layer(source, tops='top: "data" top: "label"', fields="batch_size: 2 backend: LMDB", more=""):
    return (
        f'layer {{ name: "data" type: "Data" {tops} {more}'
        f' data_param {{ source: "{source}" {fields} }} }}'
    )


def test_batches_go_round_the_database(database):
    net = netdef.Net(parse_net(layer(database), "net.prototxt"), netdef.TEST)
    for first in (0, 2, 4, 1):
        got = net.forward()
        at = [first, (first + 1) % 5]
        np.testing.assert_array_equal(got["data"], IMAGES[at])
        assert got["label"].tolist() == [10 + i for i in at]
    net.close()


def test_transformed_without_labels(database):
    transform = "transform_param { crop_size: 4 scale: 0.5 mean_value: 1 }"
    text = layer(database, 'top: "data"', more=transform)
    net = netdef.Net(parse_net(text, "net.prototxt"), netdef.TEST)
    np.testing.assert_array_equal(net.forward()["data"], (IMAGES[:2, :, 1:5, 2:6] - 1.0) / 2)
    assert net.outputs == ["data"]
    net.close()


def test_many_layers_read_one_database(database):
    other = layer(database, 'top: "other"', "batch_size: 3 backend: LMDB").replace(
        '"data" type', '"more" type'
    )
    nets = [
        netdef.Net(parse_net(f"{layer(database)} {other}", "net.prototxt"), phase)
        for phase in (netdef.TRAIN, netdef.TEST)
    ]
    for first in (0, 1):
        for net in nets:
            got = net.forward()
            rows = [[(first * size + i) % 5 for i in range(size)] for size in (2, 3)]
            np.testing.assert_array_equal(got["data"], IMAGES[rows[0]])
            np.testing.assert_array_equal(got["other"], IMAGES[rows[1]])
    for net in nets:
        net.close()


def test_the_state_goes_on_where_it_was(database):
    kind = LAYERS["Data"](source=str(database), batch_size=2, backend="LMDB")
    opened = kind.open(("data", "label"), 0)
    opened.next()
    state = opened.state()
    label = opened.next()[1].tolist()
    opened.close()
    again = kind.open(("data", "label"), 0)
    again.restore(state)
    assert again.next()[1].tolist() == label == [12, 13]
    again.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (layer("nowhere"), "nowhere: no such file or folder"),
        (layer("x", fields="batch_size: 0"), "batch_size must be at least 1, got 0"),
        (layer("x", fields="backend: LMDB"), "data_param must set batch_size"),
        (layer("x", fields="batch_size: 1 prefetch: 0"), "prefetch must be at least 1, got 0"),
        (
            'layer { name: "data" type: "Data" top: "data" data_param { batch_size: 1 } }',
            "data_param must set source",
        ),
        (
            layer("x", fields="batch_size: 1 reduced_decoding: true"),
            "reduced_decoding needs the size that images become: set resize or min_crop_area in"
            " transform_param",
        ),
        (layer("x", tops=""), "takes 1 to 2 tops, got 0"),
        (layer("x", tops='top: "a" top: "b" top: "c"'), "takes 1 to 2 tops, got 3"),
    ],
)
def test_what_is_refused(text, message):
    assert refusal(text) == f"net.prototxt:1: layer 'data' (Data): {message}"

import h5py
import numpy as np
import pytest

import netdef
from netdef.prototxt import parse_net
from tests.refusal import refusal

ROWS = np.arange(12, dtype="f4").reshape(6, 2)


@pytest.fixture
def listed(tmp_path):
    for name, rows in (("a", ROWS[:4]), ("b", ROWS[4:])):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["x"], file["label"] = rows, rows[:, 0]
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'a.h5'}\n{tmp_path / 'b.h5'}\n")
    return tmp_path / "list.txt"


def layer(source, fields="batch_size: 3", tops='top: "x" top: "label"'):
    return (
        f'layer {{ name: "data" type: "HDF5Data" {tops}'
        f' hdf5_data_param {{ source: "{source}" {fields} }} }}'
    )


def test_rows_in_order_from_file_to_file(listed):
    net = netdef.Net(parse_net(layer(listed), "net.prototxt"), netdef.TEST)
    for first in (0, 3, 0):
        got = net.forward()
        np.testing.assert_array_equal(got["x"], ROWS[first : first + 3])
        np.testing.assert_array_equal(got["label"], ROWS[first : first + 3, 0])


def test_shuffled_rows_are_all_there(listed):
    text = layer(listed, "batch_size: 6 shuffle: true")
    net = netdef.Net(parse_net(text, "net.prototxt"), netdef.TEST, seed=1)
    rounds = [net.forward()["x"].copy() for _ in range(2)]
    for rows in rounds:
        np.testing.assert_array_equal(np.sort(rows, axis=0), ROWS)
    assert not np.array_equal(*rounds)


def test_images_are_transformed(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 5, 4), np.uint8)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["label"] = images, np.arange(6)
    (tmp_path / "list.txt").write_text("a.h5")
    change = "transform_param { crop_size: 3 scale: 0.5 mean_value: 9 }"
    text = layer(tmp_path / "list.txt", tops=f'top: "x" top: "label" {change}')
    net = netdef.Net(parse_net(text, "net.prototxt"), netdef.TEST)
    got = net.forward()
    np.testing.assert_array_equal(got["x"], (images[:3, :, 1:4, :3] - 9.0) / 2)
    assert got["label"].tolist() == [0, 1, 2]
    net.close()
    training = netdef.Net(parse_net(text, "net.prototxt"), netdef.TRAIN)
    assert not np.array_equal(training.forward()["x"], got["x"])  # cut anywhere
    training.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (layer("nowhere.txt"), "nowhere.txt: no such file or folder"),
        (layer("x", "batch_size: 0"), "batch_size must be at least 1, got 0"),
        (layer("x", ""), "hdf5_data_param must set batch_size"),
        (
            'layer { name: "data" type: "HDF5Data" top: "x" hdf5_data_param { batch_size: 1 } }',
            "hdf5_data_param must set source",
        ),
        (layer("x", tops=""), "takes 1 or more tops, got 0"),
    ],
)
def test_what_is_refused(text, message):
    assert refusal(text) == f"net.prototxt:1: layer 'data' (HDF5Data): {message}"


def test_missing_dataset(listed):
    message = refusal(layer(listed, tops='top: "y"'))
    assert message.startswith("net.prototxt:1: layer 'data' (HDF5Data): ")
    assert "'y'" in message and str(listed.parent / "a.h5") in message

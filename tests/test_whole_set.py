"""A net run over its data once: each record in one batch, the last one shorter."""

import h5py
import numpy as np
import pytest

import netdef
from netdef.data.database import database_writer
from netdef.data.datum import encode
from netdef.data.prefetch import Prefetcher
from netdef.errors import ConfigError, ShapeError
from netdef.whole_set import plan_whole_set, whole_set

ROWS = 10


@pytest.fixture
def rows(tmp_path):
    """Return what writes a list of one HDF5 file with so many rows: 0, 1, 2 ..."""

    def write(name="rows", count=ROWS):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["x"] = np.arange(count, dtype="f4").reshape(count, 1)
            file["label"] = np.arange(count, dtype="f4")
        path = tmp_path / f"{name}.txt"
        path.write_text(f"{name}.h5\n")
        return path

    return write


def net(folder, *layers):
    """Return a net that doubles its rows."""
    path = folder / "net.prototxt"
    twice = 'layer { name: "twice" type: "Power" bottom: "x" top: "y" power_param { scale: 2 } }'
    path.write_text("".join(layers) + twice)
    return netdef.Net(str(path), netdef.TEST)


def data(path, batch=4, name="data", top="x", more=""):
    return (
        f'layer {{ name: "{name}" type: "HDF5Data" top: "{top}"'
        f' hdf5_data_param {{ source: "{path}" batch_size: {batch} {more} }} }}\n'
    )


def seen(made):
    """Return the rows of a pass, batch by batch."""
    return [(count, made.blobs["y"].data.ravel().tolist()) for count in whole_set(made)]


def test_every_record_comes_once_and_the_last_batch_is_shorter(rows, tmp_path):
    made = net(tmp_path, data(rows()))
    assert plan_whole_set(made) == (ROWS, 4)
    assert seen(made) == [(4, [0, 2, 4, 6]), (4, [8, 10, 12, 14]), (2, [16, 18])]


@pytest.mark.parametrize(("batch", "counts"), [(5, [5, 5]), (10, [10]), (64, [10])])
def test_batches_that_divide_the_set_or_are_larger(batch, counts, rows, tmp_path):
    made = net(tmp_path, data(rows(), batch))
    passed = seen(made)
    assert [count for count, _ in passed] == counts
    assert [value for _, values in passed for value in values] == [2 * i for i in range(ROWS)]


def test_it_begins_with_the_first_record_wherever_the_data_stood(rows, tmp_path):
    made = net(tmp_path, data(rows()))
    first = seen(made)
    made.forward()
    assert seen(made) == first


def test_a_shuffled_set_is_the_same_each_time_and_whole(rows, tmp_path):
    made = net(tmp_path, data(rows(), more="shuffle: true"))
    first = seen(made)
    assert [count for count, _ in first] == [4, 4, 2]
    found = sorted(value for _, values in first for value in values)
    assert found == [2 * i for i in range(ROWS)]
    made.forward()
    assert seen(made) == first


def test_whole_batches_come_again_afterwards(rows, tmp_path):
    made = net(tmp_path, data(rows()))
    seen(made)
    assert made.forward()["y"].ravel().tolist() == [0, 2, 4, 6]
    for _ in whole_set(made):
        break
    assert made.forward()["y"].ravel().tolist() == [0, 2, 4, 6]


def test_several_data_layers_go_through_their_records_together(rows, tmp_path):
    layers = data(rows()), data(rows(), name="other", top="label")
    made = net(tmp_path, *layers)
    passed = [made.blobs["label"].data.tolist() for _ in whole_set(made)]
    assert passed == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_data_layers_that_differ_in_their_records_are_refused(rows, tmp_path):
    other = rows("other", 9)
    made = net(tmp_path, data(rows()), data(other, name="other", top="label"))
    with pytest.raises(ConfigError) as error:
        plan_whole_set(made)
    assert str(error.value) == (
        f"{tmp_path}/net.prototxt: the records of its data layers differ in number: 'data' has 10"
        " in batches of 4, 'other' has 9 in batches of 4"
    )


def test_data_without_an_end_are_refused(tmp_path):
    made = net(
        tmp_path,
        'layer { name: "noise" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 } } }',
    )
    with pytest.raises(ConfigError) as error:
        next(whole_set(made))
    assert str(error.value) == (
        f"{tmp_path}/net.prototxt: data layer 'noise' (DummyData) has no last record, so a pass"
        " over it has no end; count batches instead (max_iter, test_iter, --iterations)"
    )


def test_a_net_without_data_layers_is_refused(tmp_path):
    made = net(
        tmp_path, 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }'
    )
    with pytest.raises(ConfigError) as error:
        plan_whole_set(made)
    assert str(error.value) == (
        f"{tmp_path}/net.prototxt: the net has no data layer whose records could be counted"
    )


def test_a_layer_that_takes_no_shorter_batch_is_named(rows, tmp_path):
    fixed = (
        'layer { name: "fixed" type: "Reshape" bottom: "x" top: "r"'
        " reshape_param { shape { dim: 4 dim: 1 } } }"
    )
    made = net(tmp_path, data(rows()), fixed)
    with pytest.raises(ShapeError) as error:
        plan_whole_set(made)
    assert str(error.value).startswith(
        f"{tmp_path}/net.prototxt: a batch of 2 of the 10 records: {tmp_path}/net.prototxt:2: layer"
        " 'fixed' (Reshape): "
    )
    assert made.forward()["y"].ravel().tolist() == [0, 2, 4, 6]


def test_what_is_read_ahead_at_the_end_is_the_next_pass(rows, tmp_path, monkeypatch):
    made = net(tmp_path, data(rows()))
    first = seen(made)
    stops = []
    stop = Prefetcher.stop
    monkeypatch.setattr(Prefetcher, "stop", lambda self: (stops.append(1), stop(self)))
    assert seen(made) == seen(made) == first
    assert not stops
    next(whole_set(made))  # left in the middle
    assert stops
    assert seen(made) == first


def test_a_database_goes_on_behind_a_pass(tmp_path):
    images = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    with database_writer(tmp_path / "db", "LMDB") as writer:
        for number, image in enumerate(images):
            writer.put(b"%02d" % number, encode(image, number))
    path = tmp_path / "db"
    made = net(
        tmp_path,
        f'layer {{ name: "data" type: "Data" top: "x" top: "label" data_param {{ source: "{path}"'
        " batch_size: 4 backend: LMDB } }",
    )
    first = seen(made)
    assert first == [(4, [0, 2, 4, 6]), (4, [8, 10, 12, 14]), (2, [16, 18])]
    assert made.sources["data"].state() == {"position": 0}
    made.forward()
    assert made.sources["data"].state() == {"position": 4, "record": b"03"}
    assert seen(made) == first

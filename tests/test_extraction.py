"""Blobs of a net as features of pictures."""

import h5py
import numpy as np
import pytest

from netdef.data.database import open_database
from netdef.data.database_writer import DatabaseWriter
from netdef.data.lmdb_reader import LmdbReader
from netdef.errors import ConfigError, DataError, RunError
from netdef.extraction import Extractor, extract
from netdef.feature_files import FORMATS, feature_file, format_of
from netdef.net import Net
from netdef.pictures import open_pictures
from netdef.preprocessing import Preprocessing
from netdef.proto import TEST, Datum
from netdef.prototxt import parse_net

from .painting import DEPLOY, paint_classes

HOW = Preprocessing((8, 8), (8, 8), (128.0,), 0.01)


@pytest.fixture(scope="module")
def net():
    return Net(parse_net(DEPLOY, "d.prototxt"), TEST, seed=3)


@pytest.fixture
def folder(tmp_path):
    """Seven pictures of two classes."""
    paint_classes(tmp_path / "val", 4, ("blue", "red"))
    (tmp_path / "val" / "red" / "3.png").unlink()
    return tmp_path


def expected(net, folder, blob):
    """Return the rows one by one, from batches of one picture."""
    pictures = open_pictures([str(folder / "val")]).read(0, 7, True)
    net.blobs["data"].reshape(1, 3, 8, 8)
    rows = []
    for picture in pictures:
        net.forward(data=HOW.prepare(picture.pixels)[None])
        rows.append(np.array(net.blobs[blob].data[0]))
    return [p.name for p in pictures], np.stack(rows)


def run(net, folder, out, kind, blobs=("conv1",), pool="none", batch=3):
    extractor = Extractor(net, blobs, HOW, pool)
    with feature_file(folder / out, kind, extractor.shapes, {"blobs": list(blobs)}) as file:
        extract(extractor, open_pictures([str(folder / "val")]), file, batch)


def test_every_picture_has_one_row_in_hdf5(net, folder):
    run(net, folder, "f.h5", "h5", ("conv1", "fc2"))
    with h5py.File(folder / "f.h5") as held:
        for blob in ("conv1", "fc2"):
            names, rows = expected(net, folder, blob)
            np.testing.assert_allclose(held[blob][:], rows, rtol=1e-5, atol=1e-6)
        assert held["names"].asstr()[:].tolist() == names
        assert held["labels"][:].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize(("pool", "reduce"), [("mean", np.mean), ("max", np.max)])
def test_places_are_pooled(net, folder, pool, reduce):
    run(net, folder, "f.npz", "npz", ("conv1", "fc2"), pool)
    with np.load(folder / "f.npz") as held:
        _, rows = expected(net, folder, "conv1")
        np.testing.assert_allclose(held["conv1"], reduce(rows, (2, 3)), rtol=1e-5, atol=1e-6)
        assert held["fc2"].shape == (7, 7)
        assert held["names"][0] == "blue/0.png"
        assert held["labels"].tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_an_array_has_a_list_beside_it(net, folder):
    run(net, folder, "f.npy", "npy", ("fc2",))
    names, rows = expected(net, folder, "fc2")
    np.testing.assert_allclose(np.load(folder / "f.npy"), rows, rtol=1e-5, atol=1e-6)
    lines = (folder / "f.txt").read_text().splitlines()
    assert [line.rsplit(" ", 1)[0] for line in lines] == names


@pytest.mark.parametrize(
    ("kind", "name", "keys", "labels"),
    [
        (kind, name, *told)
        for kind, name, told in (
            ("lmdb", "f_lmdb", (["00000000_blue/0.png", "00000006_red/2.png"], [0, 1])),
            ("leveldb", "f_leveldb", (["00000000_blue/0.png", "00000006_red/2.png"], [0, 1])),
            ("caffe", "f_lmdb", (["0000000000", "0000000006"], [0, 0])),
            ("caffe", "f_leveldb", (["0000000000", "0000000006"], [0, 0])),
        )
    ],
)
def test_databases(net, folder, kind, name, keys, labels):
    if "leveldb" in name:
        pytest.importorskip("plyvel", reason="LevelDBs are written by plyvel")
    run(net, folder, name, kind, ("conv1",))
    _, rows = expected(net, folder, "conv1")
    reader = open_database(folder / name)
    assert isinstance(reader, LmdbReader) == name.endswith("lmdb")
    records = reader.read(0, 7)
    reader.close()
    data = [Datum.FromString(value) for _, value in records]
    assert [records[0][0].decode(), records[6][0].decode()] == keys
    assert [data[0].label, data[6].label] == labels
    assert not data[6].HasField("label") or kind != "caffe"
    found = [np.reshape(d.float_data, (d.channels, d.height, d.width)) for d in data]
    np.testing.assert_allclose(found, rows, rtol=1e-5, atol=1e-6)


class Breaking:
    """Pictures of which one cannot be read, until it is mended."""

    def __init__(self, folder):
        self._pictures = open_pictures([str(folder / "val")])
        self.read_from = []
        self.is_broken = True

    def __len__(self):
        return len(self._pictures)

    def read(self, first, count, color):
        self.read_from.append(first)
        if self.is_broken and first >= 4:
            raise KeyboardInterrupt
        return self._pictures.read(first, count, color)


def test_hdf5_goes_on_where_it_stopped(net, folder):
    extractor, pictures = Extractor(net, ["fc2"], HOW), Breaking(folder)

    def go(source):
        with feature_file(folder / "f.h5", "h5", extractor.shapes, source) as file:
            extract(extractor, pictures, file, 2)

    with pytest.raises(KeyboardInterrupt):
        go({"model": "a"})
    assert not (folder / "f.h5").exists()
    with pytest.raises(ConfigError) as caught:
        go({"model": "b"})
    assert str(caught.value) == (
        f"{folder}/.f.h5.partial: an interrupted run of another net, source or pooling left it;"
        " remove it, or choose another name"
    )
    pictures.is_broken = False
    go({"model": "a"})
    assert pictures.read_from == [0, 2, 4, 4, 6]
    with h5py.File(folder / "f.h5") as held:
        np.testing.assert_allclose(held["fc2"][:], expected(net, folder, "fc2")[1], rtol=1e-5)


@pytest.mark.parametrize("kind", ["lmdb", "caffe"])
def test_a_database_goes_on_where_it_stopped(net, folder, kind, monkeypatch):
    monkeypatch.setattr(DatabaseWriter, "_BATCH", 1)
    extractor, pictures = Extractor(net, ["fc2"], HOW), Breaking(folder)

    def go():
        with feature_file(folder / "f_lmdb", kind, extractor.shapes, {"model": "a"}) as file:
            extract(extractor, pictures, file, 2)

    with pytest.raises(KeyboardInterrupt):
        go()
    assert not (folder / "f_lmdb").exists()
    pictures.is_broken = False
    go()
    assert pictures.read_from == [0, 2, 4, 4, 6]
    reader = LmdbReader(folder / "f_lmdb")
    data = [Datum.FromString(value).float_data for _, value in reader.read(0, reader.entries)]
    reader.close()
    np.testing.assert_allclose(data, expected(net, folder, "fc2")[1], rtol=1e-5)


def test_what_is_damaged_is_not_gone_on_with(net, folder):
    (folder / ".f.h5.partial").write_text("words")
    with pytest.raises(DataError) as caught:
        run(net, folder, "f.h5", "h5")
    assert str(caught.value) == (
        f"{folder}/.f.h5.partial: what an interrupted run left is damaged; remove it to start"
        " afresh"
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_a_run_that_fails_leaves_nothing_under_the_name(net, folder, kind):
    (folder / "val" / "red" / "2.png").write_text("words")
    with pytest.raises(DataError, match="red/2.png: its 5 bytes are not an image"):
        run(net, folder, "f", kind, ("fc2",))
    assert not (folder / "f").exists()


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_there_stays(net, folder, kind):
    (folder / "f").write_text("mine")
    with pytest.raises(ConfigError) as caught:
        run(net, folder, "f", kind, ("fc2",))
    assert str(caught.value) == f"{folder}/f: is there already; remove it or choose another name"


def test_a_folder_that_is_not_there(net, folder):
    with pytest.raises(RunError) as caught:
        run(net, folder, "none/f.h5", "h5", ("fc2",))
    assert str(caught.value) == (
        f"{folder}/none/f.h5: its folder does not exist; make {folder}/none first"
    )


@pytest.mark.parametrize(
    ("blob", "message"),
    [("conv2", "d.prototxt: no blob 'conv2'; did you mean 'conv1'?")],
)
def test_a_blob_that_is_not_there(net, blob, message):
    with pytest.raises(ConfigError) as caught:
        Extractor(net, [blob], HOW)
    assert str(caught.value) == message


def test_a_blob_without_rows():
    text = DEPLOY + ('layer { name: "sum" type: "Reduction" bottom: "prob" top: "sum" }')
    with pytest.raises(ConfigError) as caught:
        Extractor(Net(parse_net(text, "d.prototxt"), TEST), ["sum"], HOW)
    assert str(caught.value) == (
        "d.prototxt: blob 'sum' has the shape (), not a row for each of 2 pictures"
    )


def test_formats_by_names():
    kinds = {
        "a.h5": "h5",
        "a.hdf5": "h5",
        "a.npz": "npz",
        "a.npy": "npy",
        "a_lmdb": "lmdb",
        "a_leveldb": "leveldb",
    }
    assert {name: format_of(name, None, ["x"]) for name in kinds} == kinds
    assert format_of("a.h5", "caffe", ["x"]) == "caffe"
    with pytest.raises(ConfigError) as caught:
        format_of("a.txt", None, ["x"])
    assert str(caught.value) == (
        "a.txt: end the name with .h5, .npz, .npy, lmdb or leveldb, or give a format"
    )
    with pytest.raises(ConfigError) as caught:
        format_of("a.npy", None, ["x", "y"])
    assert str(caught.value) == "a.npy: npy has room for one blob, not 2; use .h5"

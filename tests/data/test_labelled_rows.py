import re
import shutil
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from netdef.data.database import open_database
from netdef.data.datum import decode
from netdef.data.hdf5_pairs import hdf5_rows
from netdef.data.hdf5_source import HDF5Source
from netdef.data.labelled_rows import copy_database, rows_of_database, write_rows
from netdef.errors import ConfigError, DataError, MissingFile, RunError, ShapeError

IMAGES = np.random.default_rng(0).integers(0, 256, (300, 2, 3, 4), np.uint8)


def pairs(images=IMAGES, labels=None):
    numbers = range(len(images)) if labels is None else labels
    return list(zip(images, map(float, numbers), strict=True))


def assert_equal(got, wanted):
    for (x, label), (other_x, other_label) in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(x, other_x)
        assert label == other_label


@pytest.mark.parametrize("kind", ["lmdb", "leveldb"])
def test_a_database_holds_what_an_hdf5_file_held(tmp_path, kind):
    assert write_rows(pairs(), "hdf5", tmp_path / "a.h5") == [tmp_path / "a.h5", tmp_path / "a.txt"]
    write_rows(hdf5_rows(tmp_path / "a.h5"), kind, tmp_path / "db")
    told = []
    back = list(rows_of_database(tmp_path / "db", lambda *numbers: told.append(numbers)))
    assert_equal(back, pairs())
    assert back[0][0].dtype == np.float32
    assert (told[0], told[-1]) == ((1, 300), (300, 300))
    write_rows(iter(back), "hdf5", tmp_path / "b.h5")
    assert_equal(hdf5_rows(tmp_path / "b.h5"), pairs())


def test_hdf5data_reads_what_is_written(tmp_path):
    _, listed = write_rows(pairs(IMAGES[:4]), "hdf5", tmp_path / "a.h5")
    source = HDF5Source(listed, 4, ("data", "label"))
    x, label = source.next()
    np.testing.assert_array_equal(x, IMAGES[:4])
    assert label.tolist() == [0, 1, 2, 3]
    source.close()


def test_bytes_stay_bytes_and_keep_several_numbers(tmp_path):
    labels = np.array([[0.5, 2], [1, 3]])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["y"] = IMAGES[:2], labels
    write_rows(hdf5_rows(tmp_path / "a.h5", "x", "y"), "lmdb", tmp_path / "db")
    got = list(rows_of_database(tmp_path / "db"))
    assert_equal(got, [(IMAGES[0], (0.5, 2.0)), (IMAGES[1], (1.0, 3.0))])
    assert got[0][0].dtype == np.uint8


def test_rows_of_fewer_axes_become_images(tmp_path):
    write_rows([(np.arange(5, dtype=np.float32), 1.0)], "lmdb", tmp_path / "db")
    ((x, label),) = rows_of_database(tmp_path / "db")
    assert (x.shape, x.ravel().tolist(), label) == ((5, 1, 1), [0, 1, 2, 3, 4], 1)


@pytest.mark.parametrize(("source", "kind"), [("raw_leveldb", "LMDB"), ("raw_lmdb", "LEVELDB")])
def test_a_copy_is_the_same_byte_for_byte(shared, tmp_path, source, kind):
    folder = shared / "goldens/databases"
    copy_database(folder / source, kind, tmp_path / "db")
    read = [open_database(path) for path in (folder / source, tmp_path / "db")]
    assert read[0].read(0, 25) == read[1].read(0, 25)
    for database in read:
        assert database.entries == 25
        database.close()


def test_encoded_images_are_decoded(shared, tmp_path):
    folder = shared / "goldens/databases"
    write_rows(rows_of_database(folder / "png_lmdb"), "hdf5", tmp_path / "a.h5")
    raw = open_database(folder / "raw_lmdb")
    wanted = [decode(value) for _, value in raw.read(0, 25)]
    raw.close()
    assert_equal(hdf5_rows(tmp_path / "a.h5"), wanted)


FLOATS = IMAGES[:2].astype(np.float32)


@pytest.mark.parametrize(
    ("rows", "kind", "error", "message"),
    [
        ([], "hdf5", DataError, "there are no rows to write"),
        ([], "lmdb", DataError, "there are no rows to write"),
        (
            [(IMAGES[0], 1.0), (IMAGES[0, :1], 1.0)],
            "hdf5",
            ShapeError,
            "row 1 and its label have the shapes (1, 3, 4) and (), the first ones (2, 3, 4) and "
            "(); resize the images, or convert parts",
        ),
        (
            [(IMAGES[0], 1.0), (IMAGES[0], 1.5)],
            "lmdb",
            DataError,
            "row 1: the label 1.5 is not a whole number of 32 bits; write HDF5",
        ),
        (
            [(FLOATS[0], (1.0, 2.0))],
            "lmdb",
            DataError,
            "row 0: a record of float values has no place for a label of several numbers",
        ),
        (
            [(FLOATS[None], 1.0)],
            "lmdb",
            DataError,
            "row 0: a database has no place for 5 axes; write HDF5",
        ),
    ],
)
def test_refusals_leave_nothing(tmp_path, rows, kind, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        write_rows(rows, kind, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    frees = iter([1 << 30, 1 << 30, 1 << 20])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=next(frees)))
    message = f"{tmp_path}/a.h5: the disk is full; nothing was written under that name"
    with pytest.raises(RunError, match=f"^{message}$"):
        write_rows(pairs(), "hdf5", tmp_path / "a.h5")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_kept(tmp_path):
    (tmp_path / "a.txt").touch()
    message = f"{tmp_path}/a.txt: is there already; remove it or choose another name"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        write_rows(pairs(), "hdf5", tmp_path / "a.h5")
    assert not (tmp_path / "a.h5").exists()


def test_an_hdf5_file_that_does_not_fit(tmp_path):
    with pytest.raises(MissingFile, match="^nope: no such file$"):
        list(hdf5_rows("nope"))
    write_rows(pairs(), "hdf5", tmp_path / "a.h5")
    with pytest.raises(DataError, match="no dataset 'lable'; did you mean 'label'\\?$"):
        list(hdf5_rows(tmp_path / "a.h5", label="lable"))

"""``netdef db``, ``mean`` and ``split``: what is in databases and lists."""

import cv2
import numpy as np
import pytest

from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter

IMAGE = np.full((3, 2, 4), 8, np.uint8)


@pytest.fixture
def database(netdef, tmp_path):
    with LmdbWriter(tmp_path / "db") as writer:
        for number in range(3):
            writer.put(b"%d" % number, encode(IMAGE * number, number % 2))
    return netdef


def test_info(database):
    ran = database("db", "info", "db")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "db: 3 records, 108 bytes; 3 of bytes\n\n"
        "shape      records\n------------------\n(3, 2, 4)        3\n\n"
        "label  records\n--------------\n0            2\n1            1\n"
    )


def test_info_of_a_folder_of_classes(netdef, tmp_path):
    for name in ("b/1.png", "a/3.png", "a/4.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    ran = netdef("db", "info", "in")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "in: 3 image files\n\n"
        "label  class  images\n--------------------\n0      a           2\n1      b           1\n"
    )


def test_check(database, tmp_path):
    ran = database("db", "check", "db")
    assert (ran.status, ran.out, ran.err) == (0, "db: 3 records, none damaged\n", "")
    with LmdbWriter(tmp_path / "bad") as writer:
        writer.put(b"a", encode(IMAGE, 0))
        writer.put(b"b", b"x")
    ran = database("db", "check", "bad")
    assert (ran.status, ran.out, ran.err) == (
        2,
        "record 'b': is not a Datum (1 bytes that do not parse); convert the images into the"
        " database again\n",
        "netdef: error: bad: 1 of 2 records are damaged; convert the images again\n",
    )
    assert "\n1 are damaged: netdef db check names them\n" in database("db", "info", "bad").out


def test_show(database, tmp_path):
    ran = database("db", "show", "--count", 2, "db", "sheet.png")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote sheet.png\n", "")
    assert cv2.imread(str(tmp_path / "sheet.png")).shape == (116, 200, 3)


def test_mean(database, tmp_path):
    ran = database("mean", "db", "mean.binaryproto")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "mean_value: 8.0000\n" * 3 + "Wrote mean.binaryproto\n"
    assert (tmp_path / "mean.binaryproto").exists()


def test_split(netdef, tmp_path):
    for name in ("b/1.png", "b/2.png", "a/3.png", "a/4.png", "a/5.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    ran = netdef("split", "in", "out")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "Class 0: a\nClass 1: b\nWrote out/train.txt: 3 images\nWrote out/val.txt: 2 images\n"
    )


@pytest.mark.parametrize("command", [("db", "info"), ("db", "check"), ("mean",), ("db", "show")])
def test_a_database_that_is_not_there(netdef, command):
    more = ("x.png",) if command[-1] in ("show", "mean") else ()
    ran = netdef(*command, "nope", *more)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "netdef: error: nope: no such file or folder\n"

"""Where pictures are found."""

import os

import numpy as np
import pytest

from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import ConfigError, DataError, MissingFile
from netdef.pictures import open_pictures

from .painting import paint, paint_classes


def found(*sources):
    pictures = open_pictures([str(s) for s in sources])
    return [(p.name, p.label) for p in pictures.read(0, len(pictures), True)]


def test_files_and_patterns_are_called_as_they_are_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paint_classes(tmp_path, 2, ("blue", "red"))
    assert found("red/1.png", "blue/*.png") == [
        ("red/1.png", None),
        ("blue/0.png", None),
        ("blue/1.png", None),
    ]


def test_a_folder_of_class_folders_gives_labels(tmp_path):
    paint_classes(tmp_path, 1)
    assert found(tmp_path) == [("blue/0.png", 0), ("green/0.png", 1), ("red/0.png", 2)]


def test_a_folder_of_pictures_gives_none(tmp_path):
    paint_classes(tmp_path, 2, ("red",))
    assert found(tmp_path / "red") == [("0.png", None), ("1.png", None)]


def test_names_of_a_list_lie_beside_it_or_here(tmp_path, monkeypatch):
    paint(tmp_path / "lists" / "a b.png", (1, 2, 3))
    paint(tmp_path / "here.png", (1, 2, 3))
    (tmp_path / "lists" / "all.txt").write_text("a b.png 3\nhere.png 4\n")
    monkeypatch.chdir(tmp_path)
    assert found("lists/all.txt") == [("a b.png", 3), ("here.png", 4)]


def test_a_database_is_read_in_parts(tmp_path):
    with LmdbWriter(tmp_path / "lmdb") as database:
        for number in range(5):
            database.put(b"%02d" % number, encode(np.full((3, 2, 2), number, np.uint8), number))
    pictures = open_pictures([str(tmp_path / "lmdb")])
    last = pictures.read(3, 4, True)
    assert [(p.name, p.label, p.pixels.max()) for p in last] == [("03", 3, 3), ("04", 4, 4)]


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("none.jpg", MissingFile, "none.jpg: no such file or folder"),
        ("*.jpg", MissingFile, "*.jpg: fits no file"),
        ("empty", DataError, "empty: holds no images"),
    ],
)
def test_sources_without_pictures(tmp_path, monkeypatch, source, kind, message):
    monkeypatch.chdir(tmp_path)
    os.mkdir("empty")
    with pytest.raises(kind) as caught:
        open_pictures([source])
    assert str(caught.value) == message


def test_a_database_stands_alone(tmp_path):
    with LmdbWriter(tmp_path / "lmdb") as database:
        database.put(b"0", encode(np.zeros((3, 2, 2), np.uint8), 0))
    with pytest.raises(ConfigError) as caught:
        open_pictures([str(tmp_path), str(tmp_path / "lmdb")])
    assert str(caught.value).endswith("lmdb: a database cannot be mixed with other sources")


def test_a_file_that_is_no_picture_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no.jpg").write_text("words")
    with pytest.raises(DataError) as caught:
        found("no.jpg")
    assert str(caught.value) == (
        "no.jpg: its 5 bytes are not an image that OpenCV reads; it is damaged or of an unknown"
        " format"
    )

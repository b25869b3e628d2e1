"""Databases of pictures to train a classifier with."""

import pytest

from netdef.class_databases import read_class_databases
from netdef.data.convert_images import convert_imageset
from netdef.errors import ConfigError, DataError

from .painting import paint_classes


@pytest.fixture
def database(tmp_path, monkeypatch):
    """A database of pictures of three colors."""
    monkeypatch.chdir(tmp_path)
    paint_classes(tmp_path / "pictures", 2)
    convert_imageset("pictures", None, "db")
    return "db"


def test_classes_go_by_numbers_or_by_names(database):
    counts = []
    found = read_class_databases(database, database, (), lambda *done: counts.append(done))
    assert (found.classes, len(found.train)) == (["0", "1", "2"], 6)
    assert counts[-1] == (12, 12)
    names = ["blue", "green", "red", "none yet"]
    assert read_class_databases(database, database, names).classes == names


def test_labels_beyond_the_names(database):
    with pytest.raises(DataError) as caught:
        read_class_databases(database, database, ["blue", "green"])
    assert str(caught.value) == (
        "db: record '00000004_red/0.png' has the label 2, and there are 2 names of classes"
    )


def test_one_class_only(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paint_classes(tmp_path / "pictures", 2, ("red",))
    convert_imageset("pictures", None, "db")
    with pytest.raises(ConfigError) as caught:
        read_class_databases("db", "db")
    assert str(caught.value) == "db: has one class only; a classifier needs two or more"

"""Folders of pictures to train a classifier with."""

import pytest

from netdef.class_folders import check_pictures, read_class_folders
from netdef.errors import ConfigError, DataError

from .painting import paint, paint_classes


def test_two_folders(tmp_path):
    train, val = paint_classes(tmp_path / "t", 2), paint_classes(tmp_path / "v", 1)
    found = read_class_folders(train, val)
    assert found.classes == ["blue", "green", "red"]
    assert [(p.name, p.label) for p in found.train.files][-2:] == [
        ("red/0.png", 2),
        ("red/1.png", 2),
    ]
    assert found.val.files[0].path == str(val / "blue" / "0.png")


def test_a_part_of_each_class_is_held_out(tmp_path):
    found = read_class_folders(paint_classes(tmp_path, 5), held_out=0.4, seed=3)
    assert [p.label for p in found.val.files] == [0, 0, 1, 1, 2, 2]
    assert [p.label for p in found.train.files] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert not {p.path for p in found.train.files} & {p.path for p in found.val.files}
    for seed in (3, 4):
        again = read_class_folders(tmp_path, held_out=0.4, seed=seed)
        assert (again.val.files == found.val.files) == (seed == 3)


def test_some_classes_in_the_order_that_is_asked_for(tmp_path):
    paint_classes(tmp_path, 2)
    found = read_class_folders(tmp_path, tmp_path, ["red", "blue"])
    assert found.classes == ["red", "blue"]
    assert [(p.name, p.label) for p in found.val.files][:1] == [("blue/0.png", 1)]
    assert {p.label for p in found.train.files} == {0, 1}


@pytest.mark.parametrize(
    ("classes", "only", "message"),
    [
        (
            ("red",),
            (),
            "data: 'red' is the only class; a classifier needs two folders or more",
        ),
        (("red", "blue"), ("bleu",), "data: has no class 'bleu'; did you mean 'blue'?"),
        (("red", "blue"), ("red", "red"), "class 'red' is named twice; name it once"),
        *(
            (
                ("red", "blue", again),
                (),
                f"data: two classes are called {first!r} and {second!r}; put their pictures"
                " together, or give one another name",
            )
            for again, first, second in (("Red", "Red", "red"), ("red ", "red", "red "))
        ),
    ],
)
def test_classes_that_cannot_be(tmp_path, monkeypatch, classes, only, message):
    monkeypatch.chdir(tmp_path)
    for name in classes:
        paint(tmp_path / "data" / name / "0.png", (1, 2, 3))
    with pytest.raises(ConfigError) as caught:
        read_class_folders("data", None, only)
    assert str(caught.value) == message


def test_folders_of_other_classes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paint_classes(tmp_path / "t", 2)
    paint_classes(tmp_path / "v", 2, ("red", "blue"))
    for pair, message in (
        (("t", "v"), "class 'green' is in t, but not in v"),
        (("v", "t"), "class 'green' is in t, but not in v"),
    ):
        with pytest.raises(ConfigError) as caught:
            read_class_folders(*pair)
        assert str(caught.value) == message


def test_one_picture_cannot_be_held_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paint_classes(tmp_path / "data", 1)
    with pytest.raises(DataError) as caught:
        read_class_folders("data")
    assert str(caught.value) == ("data: class 'blue' has one picture; to hold one out takes two")


def test_damaged_pictures_are_found_before_training(tmp_path):
    paint(tmp_path / "red" / "0.png", (1, 1, 1))
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / "red" / name).write_text("words")
    paint_classes(tmp_path, 2, ("blue",))
    told = []
    with pytest.raises(DataError) as caught:
        check_pictures(
            read_class_folders(tmp_path, tmp_path).train.files,
            lambda done, total: told.append(done),
        )
    assert str(caught.value) == (
        f"{tmp_path}/red/1.jpg: its 5 bytes are not an image that OpenCV reads; it is damaged or"
        " of an unknown format (and 1 more like it); remove it or put a whole picture in its place"
    )
    assert told == [1, 2, 3, 4, 5]

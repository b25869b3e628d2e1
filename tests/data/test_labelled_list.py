import re

import pytest

from netdef.data.labelled_list import folder_images, listed_images
from netdef.errors import DataError


def raising(error):
    raise error


def test_a_list_of_classes(tmp_path):
    path = tmp_path / "list"
    path.write_text("a b.png 3\r\n\nñ\u2028.jpg -1\n", encoding="utf-8")
    assert listed_images(path, 0, raising) == [
        (f"{path}:1", "a b.png", 3),
        (f"{path}:3", "ñ\u2028.jpg", -1),
    ]


def test_a_list_of_several_numbers(tmp_path):
    path = tmp_path / "list"
    path.write_text("a b.png 3 0.5\nc 4 1e3 -2\n")
    assert listed_images(path, 2, raising) == [
        (f"{path}:1", "a b.png", (3.0, 0.5)),
        (f"{path}:2", "c 4", (1000.0, -2.0)),
    ]


@pytest.mark.parametrize(
    ("line", "labels", "message"),
    [
        ("a.png", 0, "'a.png' is not a label; end the line with a blank and a whole number"),
        ("a.png 1.5", 0, "'1.5' is not a label; end the line with a blank and a whole number"),
        ("a.png 1", 2, "1 labels; give a name and 2 numbers"),
        (
            "a.png 1 x",
            2,
            "could not convert string to float: 'x'; give a name and 2 numbers",
        ),
        ("a.png 1 nan", 2, "a label is not finite; give numbers"),
    ],
)
def test_bad_lines_are_named_and_may_be_left_out(tmp_path, line, labels, message):
    path = tmp_path / "list"
    path.write_text(f"good.png 1 1\n{line}\n")
    with pytest.raises(DataError, match=f"^{re.escape(f'{path}:2: {message}')}$"):
        listed_images(path, labels, raising)
    told = []
    assert len(listed_images(path, labels, told.append)) == 1
    assert [str(error) for error in told] == [f"{path}:2: {message}"]


def test_a_folder(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat/x.png").touch()
    assert folder_images(tmp_path) == [(str(tmp_path), "cat/x.png", 0)]

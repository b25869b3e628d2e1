import re

import pytest

from netdef.data.image_list import ImageEntry, read_image_list
from netdef.errors import DataError, MissingFile


def test_the_last_blank_parts_the_label(tmp_path):
    (tmp_path / "list").write_text("a b.jpg 3\n\n  c.png   -1 \nd\t7\n")
    assert read_image_list(tmp_path / "list") == [
        ImageEntry(1, "a b.jpg", 3),
        ImageEntry(3, "c.png", -1),
        ImageEntry(4, "d", 7),
    ]


def test_lists_of_other_systems(tmp_path):
    (tmp_path / "list").write_bytes(b"\xef\xbb\xbfa.jpg 3\r\n\r\nb \xc3\xb1.jpg 4\r\n")
    assert read_image_list(tmp_path / "list") == [
        ImageEntry(1, "a.jpg", 3),
        ImageEntry(3, "b ñ.jpg", 4),
    ]


def test_caffes_list(shared):
    entries = read_image_list(shared / "goldens/databases/list.txt")
    assert (len(entries), entries[5]) == (25, ImageEntry(6, "img 05.jpg", 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a 1\nb.jpg\n",
            ":2: 'b.jpg' is not a label; end the line with a blank and a whole number",
        ),
        ("a 1.5", ":1: '1.5' is not a label; end the line with a blank and a whole number"),
        ("7", ":1: no name before the label 7"),
        ("a 2147483648", ":1: the label 2147483648 is beyond 32 bits"),
        ("\n", ": the list is empty; give one 'name label' a line"),
    ],
)
def test_refusals(tmp_path, text, message):
    path = tmp_path / "list"
    path.write_text(text)
    with pytest.raises(DataError, match=f"^{re.escape(f'{path}{message}')}$"):
        read_image_list(path)


def test_what_is_no_list(tmp_path):
    path = tmp_path / "list"
    with pytest.raises(MissingFile, match=f"^{path}: no such file or folder$"):
        read_image_list(path)
    path.write_bytes(b"\xff\xd8")
    with pytest.raises(DataError, match=f"^{path}: is not text; give a list of 'name label' lines"):
        read_image_list(path)

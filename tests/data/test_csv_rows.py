import re

import pytest

from netdef.data.csv_rows import csv_rows
from netdef.errors import ConfigError, DataError, MissingFile


def rows(tmp_path, text, *label):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    return [(x.tolist(), y) for x, y in csv_rows(tmp_path / "a.csv", *label)]


@pytest.mark.parametrize(
    ("text", "label", "wanted"),
    [
        ("1,2,3\n4,5,6\n", (), [([1, 2], 3), ([4, 5], 6)]),
        ("a,b,c\r\n1,2,3\r\n\r\n4,5,6", ("a",), [([2, 3], 1), ([5, 6], 4)]),
        ('\ufeff"a, b",2\n 0.5, -1e3\n', ("a, b",), [([-1000], 0.5)]),
        ("1,2,3", ("1",), [([1, 3], 2)]),
        ("a\n1\n", (), [([], 1)]),
    ],
)
def test_columns_and_labels(tmp_path, text, label, wanted):
    assert rows(tmp_path, text, *label) == wanted


@pytest.mark.parametrize(
    ("text", "label", "error", "message"),
    [
        ("", (), DataError, ": is empty; give a line of numbers for each row"),
        ("1,2\n3\n", (), DataError, ":2: has 1 columns, the first line 2"),
        ("a,b\n1,2\n3,x\n", (), DataError, ":3: column 'b': 'x' is not a number"),
        ("1,2\n\n3,\n", (), DataError, ":3: column 1: '' is not a number"),
        ("1,2\n3,nan\n", (), DataError, ":2: column 1: 'nan' is not a number"),
        ("width,height\n", ("heigth",), ConfigError,
         ": no column 'heigth'; did you mean 'height'?"),
        ("1,2\n", ("x",), ConfigError, ": no column 'x'; name a column, or give its number"),
        ("1,2\n", ("2",), ConfigError, ": has 2 columns, no column 2"),
    ],
)  # fmt: skip
def test_refusals(tmp_path, text, label, error, message):
    with pytest.raises(error, match=f"^{re.escape(f'{tmp_path}/a.csv{message}')}$"):
        rows(tmp_path, text, *label)


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(MissingFile, match="^nope: no such file or folder$"):
        list(csv_rows("nope"))
    (tmp_path / "a").write_bytes(b"\xff\xfe1")
    with pytest.raises(DataError, match="a: is not text; give numbers parted by commas$"):
        list(csv_rows(tmp_path / "a"))

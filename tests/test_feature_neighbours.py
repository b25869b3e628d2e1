"""Neighbours of rows, against distances worked out by hand."""

import numpy as np
import pytest

from netdef.errors import ConfigError, MissingFile
from netdef.feature_neighbours import neighbours, picture_file, row_of
from netdef.feature_reading import FeatureTable

ROWS = np.array([[1, 0], [3, 0], [1, 1], [0, 5], [-1, 0], [0, 0]], np.float32)
NAMES = ["a/1.jpg", "b/1.jpg", "b/2.jpg", "3", "c", "7"]
TABLE = FeatureTable(NAMES, np.zeros(6, np.int64), ROWS)


def test_cosine():
    found = neighbours(ROWS, 0, 5)
    assert [one.row for one in found] == [1, 2, 3, 5, 4]
    assert [one.distance for one in found] == pytest.approx([0, 1 - 0.5**0.5, 1, 1, 2])


def test_euclidean():
    found = neighbours(ROWS, 0, 3, "euclidean")
    assert [(one.row, one.distance) for one in found] == [(2, 1), (5, 1), (1, 2)]


def test_more_than_there_are():
    assert len(neighbours(ROWS, 2, 50)) == 5


@pytest.mark.parametrize(("query", "row"), [("a/1.jpg", 0), ("2.jpg", 2), ("3", 3), ("4", 4), ("7", 5)])  # fmt: skip # noqa: E501
def test_queries(query, row):
    assert row_of(TABLE, query) == row


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("1.jpg", "'1.jpg' is 'a/1.jpg', 'b/1.jpg' or more"),
        ("6", "no picture '6' in 6 rows"),
        ("a/1.jpeg", "no picture 'a/1.jpeg' in 6 rows; did you mean 'a/1.jpg'?"),
    ],
)
def test_queries_that_mean_nothing(query, message):
    with pytest.raises(ConfigError) as caught:
        row_of(TABLE, query)
    assert str(caught.value) == message


def test_pictures_are_found_where_the_features_are_from(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.jpg").touch()
    (tmp_path / "list.txt").touch()
    for source in (tmp_path, tmp_path / "list.txt"):
        table = FeatureTable(NAMES, TABLE.labels, ROWS, [str(source)])
        assert picture_file(table, 2, None) == tmp_path / "b" / "2.jpg"
    assert picture_file(TABLE, 2, str(tmp_path)) == tmp_path / "b" / "2.jpg"
    with pytest.raises(MissingFile, match=r"no picture 'b/2\.jpg' in \.; name their folder with"):
        picture_file(TABLE, 2, None)

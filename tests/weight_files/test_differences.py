"""Two files of weights against each other."""

import numpy as np
import pytest

from netdef.io.weights import LayerWeights
from netdef.weight_files.conversion import write_layers
from netdef.weight_files.differences import differences

NAN, INF = np.nan, np.inf


@pytest.fixture
def pair(tmp_path):
    """Return a function that writes two files of one layer ``a`` and compares them."""

    def compare(first, second, **options):
        for name, blobs in (("1", first), ("2.h5", second)):
            arrays = [np.array(blob, np.float32) for blob in blobs]
            write_layers(tmp_path / name, {"a": LayerWeights("a", "", arrays)})
        return differences(str(tmp_path / "1"), str(tmp_path / "2.h5"), **options)

    return compare


def test_equal_files_of_two_formats(pair):
    found = pair([[1, 2], [NAN]], [[1, 2], [NAN]])
    assert not found and found.equal == 2


def test_the_largest_differences(pair):
    (one,) = pair([[1, -4, 0, 5]], [[1, -2, 0.5, 5]]).values
    assert (one.layer, one.blob, one.absolute, one.relative, one.count) == ("a", 0, 2, 1, 2)


def test_tolerance(pair):
    assert not pair([[1, 2]], [[1.25, 2]], tolerance=0.25)
    assert pair([[1, 2]], [[1.25, 2]], tolerance=0.24)


@pytest.mark.parametrize(("a", "b"), [(NAN, 1), (INF, -INF), (INF, 3)])
def test_what_is_no_number_differs_without_bound(pair, a, b):
    (one,) = pair([[a]], [[b]], tolerance=1e30).values
    assert (one.absolute, one.relative, one.count) == (INF, INF, 1)


def test_old_shapes_are_todays(pair):
    assert not pair([[[[[1, 2], [3, 4]]]]], [[[1, 2], [3, 4]]])
    found = pair([[[1, 2]]], [[[1], [2]]])
    assert found.shapes == [("a", [(1, 2)], [(2, 1)])]


def test_layers_of_one_file_only(tmp_path):
    ones = [np.ones(2, np.float32)]
    write_layers(tmp_path / "1", {n: LayerWeights(n, "", ones) for n in "ab"})
    write_layers(tmp_path / "2", {"b": LayerWeights("b", "", ones * 2), "c": LayerWeights("c")})
    found = differences(str(tmp_path / "1"), str(tmp_path / "2"))
    assert (found.only_first, found.only_second) == (["a"], [])
    assert found.shapes == [("b", [(2,)], [(2,), (2,)])]

import re
import sys

import numpy as np
import pytest

from netdef.data.convert_digits import convert_digits
from netdef.data.datum import decode
from netdef.data.lmdb_reader import LmdbReader
from netdef.errors import RunError


def read(path):
    reader = LmdbReader(path)
    pairs = [decode(raw) for _, raw in reader.read(0, reader.entries)]
    reader.close()
    return np.array([x for x, _ in pairs]), np.array([label for _, label in pairs])


def test_every_fifth_of_each_digit_is_for_testing(tmp_path):
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    train, test = convert_digits(tmp_path)
    (x, labels), (test_x, test_labels) = read(train), read(test)
    assert (x.shape, test_x.shape) == ((1442, 1, 8, 8), (355, 1, 8, 8))
    assert np.bincount(test_labels).tolist() == (np.bincount(digits.target) // 5).tolist()
    fifth_zero = digits.images[np.flatnonzero(digits.target == 0)[4]]
    first_zero = test_x[np.flatnonzero(test_labels == 0)[0], 0]
    np.testing.assert_array_equal(first_zero, np.rint(fifth_zero * 255 / 16))
    np.testing.assert_array_equal(x[0, 0], np.rint(digits.images[0] * 255 / 16))
    assert (x.max(), sorted([*labels, *test_labels])) == (255, sorted(digits.target))


def test_without_scikit_learn_the_mend_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    message = (
        "the digits come with scikit-learn, which is not installed; pip install 'netdef[demo]'"
    )
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        convert_digits(tmp_path)

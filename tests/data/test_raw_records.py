import numpy as np
import pytest

from netdef.data import raw_records
from netdef.data.datum import encode, encode_file, parse
from netdef.data.raw_records import RawRecords
from netdef.proto import Datum

IMAGE = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
FIRST = RawRecords(parse(encode(IMAGE, 0)))


@pytest.mark.parametrize("label", [0, 1, 300, -1])
@pytest.mark.parametrize("says_encoded", [True, False])
def test_pixels_and_label_are_found(label, says_encoded):
    found = FIRST.find(encode(IMAGE + 1, label, says_encoded=says_encoded))
    assert found is not None
    np.testing.assert_array_equal(found[0], IMAGE + 1)
    assert found[1] == label


def test_a_label_that_is_not_written_is_0():
    raw = encode(IMAGE, 0, says_encoded=False)
    assert FIRST.find(raw.removesuffix(b"(\0"))[1] == 0


@pytest.mark.parametrize(
    "raw",
    [
        encode(IMAGE.reshape(3, 2, 4), 0),
        encode(IMAGE.astype(np.float32), 0),
        encode(IMAGE, 0)[:20],
        encode(IMAGE, 0) + encode(IMAGE, 0),
        encode(IMAGE, 0) + b"\xff",
        encode(IMAGE, 0)[:-1] + b"\x01",
        encode_file(b"image", 0),
        b"",
    ],
)
def test_whatever_else_must_be_parsed(raw):
    assert FIRST.find(raw) is None


@pytest.mark.parametrize("first", [encode_file(b"image", 0), encode(IMAGE.astype(np.float32), 0)])
def test_a_first_record_that_is_not_raw_fits_nothing(first):
    assert RawRecords(parse(first)).find(first) is None


def test_many_records_at_once():
    records = [encode(IMAGE + i, 10 + i, says_encoded=False) for i in range(5)]
    pixels, labels = FIRST.find_all(records)
    np.testing.assert_array_equal(pixels, [IMAGE + i for i in range(5)])
    assert labels == [10, 11, 12, 13, 14]


@pytest.mark.parametrize(
    "other",
    [
        encode(IMAGE, 300),  # a longer label
        encode(IMAGE.reshape(3, 2, 4), 5),  # another head of the same length
        encode(IMAGE, 0)[:20],
        encode(IMAGE, 5)[:-1] + b"\x01",
    ],
)
def test_where_one_is_different_each_is_looked_at_alone(other):
    assert FIRST.find_all([encode(IMAGE, 5), other]) is None
    assert FIRST.find_all([other, encode(IMAGE, 5)]) is None
    assert FIRST.find_all([encode(IMAGE, 5)] * 2) is not None


def test_large_images_are_not_copied():
    large = encode(np.zeros((3, 60, 60), np.uint8), 0)
    records = RawRecords(parse(large))
    assert records.find_all([large]) is None
    assert records.find(large) is not None


def test_labels_are_remembered_by_copies(monkeypatch):
    """The memory that views look at ends with the database."""
    kinds, known = set(), raw_records._label
    monkeypatch.setattr(raw_records, "_label", lambda tail: kinds.add(type(tail)) or known(tail))
    images = np.arange(48, dtype=np.uint8).reshape(2, 2, 3, 4)
    views = [memoryview(encode(image, 300)) for image in images]
    pixels, labels = FIRST.find_all(views)
    assert labels == [300, 300]
    np.testing.assert_array_equal(pixels, images)
    np.testing.assert_array_equal([FIRST.find(view)[0] for view in views], images)
    assert kinds == {bytes}


def test_small_images_without_a_label():
    whole = Datum(channels=2, height=3, width=4, data=IMAGE.tobytes()).SerializeToString()
    pixels, labels = FIRST.find_all([whole] * 3)
    assert labels == [0, 0, 0]
    np.testing.assert_array_equal(pixels, [IMAGE] * 3)

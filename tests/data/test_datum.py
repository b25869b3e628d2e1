import re

import cv2
import numpy as np
import pytest

from netdef.data.datum import decode, encode, encode_file
from netdef.data.lmdb_reader import LmdbReader
from netdef.errors import DataError
from netdef.proto import Datum


@pytest.mark.parametrize("name", ["goldens/databases/raw_lmdb", "goldens/databases/gray_lmdb"])
def test_a_datum_of_caffes_is_written_byte_for_byte(shared, name):
    reader = LmdbReader(shared / name)
    for _, raw in reader.read(0, reader.entries):
        assert encode(*decode(raw)) == raw
    reader.close()


def test_a_datum_of_2015_is_read(shared):
    reader = LmdbReader(shared / "data/lmdb_real/sample_label.lmdb")
    records = reader.read(0, 100)
    reader.close()
    shapes = {decode(raw)[0].shape for _, raw in records}
    assert (shapes, reader.entries, records[0][0]) == ({(3, 24, 24)}, 100, b"0000000274")


@pytest.mark.parametrize("name", ["png_lmdb", "encoded_lmdb"])
def test_an_encoded_datum_is_written_byte_for_byte(shared, name):
    reader = LmdbReader(shared / "goldens/databases" / name)
    for _, raw in reader.read(0, reader.entries):
        datum = Datum.FromString(raw)
        assert encode_file(datum.data, datum.label) == raw
    reader.close()


def test_png_pixels_are_those_of_the_raw_database(shared):
    folder = shared / "goldens/databases"
    raw, png = LmdbReader(folder / "raw_lmdb"), LmdbReader(folder / "png_lmdb")
    for (_, one), (_, other) in zip(raw.read(0, 25), png.read(0, 25), strict=True):
        np.testing.assert_array_equal(decode(one)[0], decode(other)[0])
        assert decode(one)[1] == decode(other)[1]
    raw.close()
    png.close()


def test_channels_are_bgr_and_gray_stays_gray_unless_forced():
    blue = np.zeros((4, 5, 3), np.uint8)
    blue[..., 0] = 200
    raw = encode_file(cv2.imencode(".png", blue)[1].tobytes(), 3)
    assert decode(raw)[0][:, 0, 0].tolist() == [200, 0, 0]
    assert decode(raw, color=False)[0].shape == (1, 4, 5)
    gray = encode_file(cv2.imencode(".png", blue[..., 0])[1].tobytes(), 3)
    assert decode(gray)[0].shape == (1, 4, 5)
    assert decode(gray, color=True)[0].shape == (3, 4, 5)


def test_float_data_comes_back():
    values = np.arange(12, dtype=np.float32).reshape(2, 2, 3) / 7
    got, label = decode(encode(values, -4))
    np.testing.assert_array_equal(got, values)
    assert (got.dtype, label) == (np.float32, -4)


def test_convert_mnist_data_leaves_encoded_out():
    raw = encode(np.zeros((1, 1, 2), np.uint8), 5, says_encoded=False)
    assert raw == b'\x08\x01\x10\x01\x18\x02"\x02\0\0(\x05'


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            b"\x22\xff\x01",
            "is not a Datum (3 bytes that do not parse); convert the images into the database "
            "again",
        ),
        (
            Datum(channels=3, height=2, width=2, data=b"1234").SerializeToString(),
            "4 bytes do not fill channels x height x width = 3 x 2 x 2; convert the images into "
            "the database again",
        ),
        (
            Datum(channels=1, height=2, width=2, float_data=[1, 2]).SerializeToString(),
            "2 values do not fill channels x height x width = 1 x 2 x 2; convert the images into "
            "the database again",
        ),
        (
            b"",
            "0 values do not fill channels x height x width = 0 x 0 x 0; convert the images into "
            "the database again",
        ),
        (
            encode_file(b"no image", 0),
            "its 8 bytes are not an image that OpenCV reads; it is damaged or of an unknown format",
        ),
        (
            encode_file(b"", 0),
            "its 0 bytes are not an image that OpenCV reads; it is damaged or of an unknown format",
        ),
        (
            encode_file(cv2.imencode(".png", np.zeros((2, 2), np.uint16))[1].tobytes(), 0),
            "its image has uint16 pixels; save it with 8 bits a channel",
        ),
    ],
)
def test_refusals(raw, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        decode(raw)


def test_labels_of_several_numbers():
    image = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    raw = encode(image, (0.5, -1.0))
    datum = Datum.FromString(raw)
    assert (list(datum.float_data), datum.label, datum.HasField("label")) == ([0.5, -1], 0, False)
    got, label = decode(raw)
    np.testing.assert_array_equal(got, image)
    assert label == (0.5, -1.0)
    message = "^a record of float values has no place for a label of several numbers$"
    with pytest.raises(DataError, match=message):
        encode(image.astype(np.float32), (1.0, 2.0))

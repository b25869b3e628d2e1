import re

import numpy as np
import pytest

from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.data.mean_file import read_mean
from netdef.data.mean_image import mean_image, write_mean
from netdef.errors import DataError, ShapeError

ONES = np.ones((2, 3, 4), np.uint8)


def write(path, values):
    with LmdbWriter(path) as writer:
        for number, value in enumerate(values):
            writer.put(b"%d" % number, value)
    return path


@pytest.mark.parametrize(
    ("database", "wanted"),
    [("raw_lmdb", "mean"), ("png_lmdb", "mean"), ("raw_leveldb", "mean_leveldb")],
)
def test_caffes_mean_byte_for_byte(shared, tmp_path, database, wanted):
    folder = shared / "goldens/databases"
    told = []
    mean = mean_image(folder / database, lambda *numbers: told.append(numbers))
    write_mean(mean, tmp_path / "mean")
    assert (tmp_path / "mean").read_bytes() == (folder / f"{wanted}.binaryproto").read_bytes()
    assert told == [(i, 25) for i in range(1, 26)]


def test_a_mean_that_is_written_is_read(tmp_path):
    floats = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    database = write(tmp_path / "db", [encode(floats, 0), encode(2 * floats, 1)])
    write_mean(mean_image(database), tmp_path / "mean")
    np.testing.assert_array_equal(read_mean(tmp_path / "mean"), 1.5 * floats)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (
            encode(ONES[:1], 0),
            ShapeError,
            "its image is (1, 3, 4), the first one (2, 3, 4); a mean needs images of one size: "
            "resize them",
        ),
        (
            b"x",
            DataError,
            "is not a Datum (1 bytes that do not parse); convert the images into the database "
            "again",
        ),
    ],
)
def test_a_record_that_does_not_fit_is_named(tmp_path, value, error, message):
    database = write(tmp_path / "db", [encode(ONES, 0), value])
    whole = re.escape(f"{database}: record '1': {message}")
    with pytest.raises(error, match=f"^{whole}$"):
        mean_image(database)

import gzip
import re
import struct

import numpy as np
import pytest

from netdef.data.convert_mnist import convert_mnist
from netdef.data.datum import decode
from netdef.data.lmdb_reader import LmdbReader
from netdef.errors import ConfigError, DataError, MissingFile

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx(values):
    return (
        struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()
    )


@pytest.fixture
def folder(tmp_path):
    for prefix in ("train", "t10k"):
        labels = np.array([7, 2], np.uint8)
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(idx(IMAGES))
        (tmp_path / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    return tmp_path


def test_plain_and_gzipped_files(folder):
    told = []
    train, test = convert_mnist(folder, folder / "out/deep", lambda *told_: told.append(told_))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (train, test) == tuple(folder / f"out/deep/mnist_{p}_lmdb" for p in ("train", "test"))
    reader = LmdbReader(test)
    (key, raw), (other_key, other) = reader.read(0, 2)
    reader.close()
    assert (key, other_key) == (b"00000000", b"00000001")
    assert raw == b'\x08\x01\x10\x03\x18\x04"\x0c' + bytes(range(12)) + b"(\x07"
    assert decode(other)[1] == 2


def test_the_real_mnist(shared, tmp_path):
    train, test = convert_mnist(shared / "data/mnist", tmp_path)
    for path, entries, first in ((train, 60000, 5), (test, 10000, 7)):
        reader = LmdbReader(path)
        assert reader.entries == entries
        image, label = decode(reader.value(b"00000000"))
        reader.close()
        assert (image.shape, label) == ((1, 28, 28), first)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("name", "break_", "error", "message"),
    [
        (
            "train-images-idx3-ubyte",
            lambda path: path.unlink(),
            MissingFile,
            ": no such file, nor with .gz; download MNIST into {folder}",
        ),
        (
            "t10k-images-idx3-ubyte",
            cut,
            DataError,
            ": 23 bytes follow its head, not the 24 of its shape (2, 3, 4); download it again",
        ),
        (
            "t10k-images-idx3-ubyte",
            lambda path: path.write_bytes(b"\0\0\x08\x03\0\0"),
            DataError,
            ": its head is cut short; download it again",
        ),
        (
            "t10k-images-idx3-ubyte",
            lambda path: path.write_bytes(idx(IMAGES[0])),
            DataError,
            ": begins with 00000802, an IDX file of 3 axes with 00000803; download it again",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            cut,
            DataError,
            ": is not a whole gzip file; download it again",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            lambda path: path.write_bytes(b"<html>"),
            DataError,
            ": is not a whole gzip file; download it again",
        ),
        (
            "train-images-idx3-ubyte",
            lambda path: path.write_bytes(idx(IMAGES[:1])),
            DataError,
            ": 1 images, but train-labels-idx1-ubyte.gz has 2 labels; download both again",
        ),
    ],
)
def test_refusals_leave_nothing(folder, name, break_, error, message):
    break_(folder / name)
    whole = re.escape(f"{folder / name}{message.format(folder=folder)}")
    with pytest.raises(error, match=f"^{whole}$"):
        convert_mnist(folder, folder / "out")
    assert not (folder / "out").exists()


def test_an_existing_database_is_refused_before_any_is_written(folder):
    (folder / "out/mnist_test_lmdb").mkdir(parents=True)
    message = f"{folder}/out/mnist_test_lmdb: is there already; remove it or choose another name"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        convert_mnist(folder, folder / "out")
    assert not (folder / "out/mnist_train_lmdb").exists()

import re

import numpy as np
import pytest

from netdef.data.convert_cifar10 import convert_cifar10
from netdef.data.datum import decode
from netdef.data.lmdb_reader import LmdbReader
from netdef.errors import ConfigError, DataError, MissingFile, RunError
from netdef.io.blobs import read_blob

TRAIN = [f"data_batch_{number}.bin" for number in range(1, 6)]


@pytest.fixture
def folder(tmp_path):
    """Two images in each file; image i of all is filled with i, its first red pixel is 200."""
    for number, name in enumerate([*TRAIN, "test_batch.bin"]):
        records = np.empty((2, 3073), np.uint8)
        records[:, 0] = (number, 9)
        records[:, 1:] = [[2 * number], [2 * number + 1]]
        records[:, 1] = 200
        (tmp_path / name).write_bytes(records.tobytes())
    return tmp_path


def test_records_and_mean_are_those_of_caffe_s_converter(folder):
    told = []
    made = convert_cifar10(folder, folder / "out/deep", lambda *told_: told.append(told_))
    assert told == [(i, 12) for i in range(1, 13)]
    assert [path.name for path in made] == [
        "cifar10_train_lmdb",
        "cifar10_test_lmdb",
        "mean.binaryproto",
    ]
    reader = LmdbReader(made.train)
    records = reader.read(0, reader.entries)
    reader.close()
    assert [key for key, _ in records] == [b"%05d" % i for i in range(10)]
    pixels = bytes([200]) + bytes([7]) * 3071
    assert records[7][1] == b'\x08\x03\x10\x20\x18\x20"\x80\x18' + pixels + b"(\x09"
    image, label = decode(records[2][1])
    assert (image.shape, image[0, 0, 0], image[2, 31, 31], label) == ((3, 32, 32), 200, 2, 1)
    mean = read_blob(made.mean)
    assert mean.shape == (1, 3, 32, 32)
    assert (mean[0, 0, 0, 0], mean[0, 1, 5, 5]) == (200, 4.5)
    reader = LmdbReader(made.test)
    assert [decode(value)[1] for _, value in reader.read(0, reader.entries)] == [5, 9]
    reader.close()


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def mislabel(path):
    content = bytearray(path.read_bytes())
    content[3073] = 10
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "break_", "error", "message"),
    [
        (
            "data_batch_3.bin",
            lambda path: path.unlink(),
            MissingFile,
            ": no such file; unpack cifar-10-binary.tar.gz, CIFAR-10's version for C, into"
            " {folder}",
        ),
        (
            "test_batch.bin",
            cut,
            DataError,
            ": its 6145 bytes are no whole number of images of 3073 bytes; download it again",
        ),
        (
            "data_batch_1.bin",
            lambda path: path.write_bytes(b""),
            DataError,
            ": its 0 bytes are no whole number of images of 3073 bytes; download it again",
        ),
        (
            "data_batch_2.bin",
            mislabel,
            DataError,
            ": image 1 has the label 10, and there are 10 classes; download it again",
        ),
    ],
)
def test_damage_is_refused_before_anything_is_written(folder, name, break_, error, message):
    break_(folder / name)
    whole = f"{folder / name}{message.format(folder=folder)}"
    with pytest.raises(error, match=f"^{re.escape(whole)}$"):
        convert_cifar10(folder, folder / "out")
    assert not (folder / "out").exists()


def test_a_database_that_is_there_stays(folder):
    (folder / "cifar10_test_lmdb").mkdir()
    with pytest.raises(ConfigError, match="cifar10_test_lmdb: is there already; remove it or"):
        convert_cifar10(folder, folder)
    assert not (folder / "cifar10_train_lmdb").exists()


def test_an_out_that_is_no_folder(folder):
    with pytest.raises(RunError, match="test_batch.bin: cannot be written"):
        convert_cifar10(folder, folder / "test_batch.bin")

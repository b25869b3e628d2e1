import re

import numpy as np
import pytest

from netdef.data.convert_cifar100 import convert_cifar100
from netdef.data.labelled_rows import rows_of_database
from netdef.errors import DataError, MissingFile

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 3072), np.uint8)


@pytest.fixture
def folder(tmp_path):
    labels = np.array([[19, 99], [0, 5], [3, 40]], np.uint8)
    content = np.hstack([labels, PIXELS])
    (tmp_path / "train.bin").write_bytes(content.tobytes())
    (tmp_path / "test.bin").write_bytes(content[1:].tobytes())
    return tmp_path


@pytest.mark.parametrize(("coarse", "labels"), [(False, [99, 5, 40]), (True, [19, 0, 3])])
def test_images_and_labels(folder, coarse, labels):
    told = []
    train, test = convert_cifar100(
        folder, folder / "out/deep", coarse, lambda *numbers: told.append(numbers)
    )
    assert (train.name, test.name) == ("cifar100_train_lmdb", "cifar100_test_lmdb")
    assert told == [(i, 5) for i in range(1, 6)]
    for path, first in ((train, 0), (test, 1)):
        got = list(rows_of_database(path))
        assert [label for _, label in got] == labels[first:]
        np.testing.assert_array_equal([x.ravel() for x, _ in got], PIXELS[first:])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"",
            "its 0 bytes are no whole number of images of 3074 bytes; download it again",
        ),
        (
            bytes(3074) + bytes([0, 100]) + bytes(3072),
            "image 1 has the fine label 100, and there are 100 classes; download it again",
        ),
        (
            bytes([20, 0]) + bytes(3072),
            "image 0 has the coarse label 20, and there are 20 classes; download it again",
        ),
    ],
)
def test_a_damaged_file_is_named(folder, content, message):
    (folder / "test.bin").write_bytes(content)
    with pytest.raises(DataError, match=f"^{re.escape(f'{folder}/test.bin: {message}')}$"):
        convert_cifar100(folder, folder / "out")
    assert not (folder / "out").exists()


def test_a_missing_file_is_told_how_to_get(folder):
    (folder / "test.bin").unlink()
    message = (
        f"{folder}/test.bin: no such file; unpack cifar-100-binary.tar.gz, CIFAR-100's version for"
        f" C, into {folder}"
    )
    with pytest.raises(MissingFile, match=f"^{re.escape(message)}$"):
        convert_cifar100(folder, folder / "out")

"""CIFAR-10's binary files to LMDBs and a mean image."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.data.progress import Progress, Tally
from netdef.errors import DataError, MissingFile, cannot_read, cannot_write
from netdef.io.blobs import write_blob

_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = ("test_batch.bin",)
_IMAGE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32
_CLASSES = 10


class Cifar10Files(NamedTuple):
    """What ``convert_cifar10`` wrote."""

    train: Path
    test: Path
    mean: Path


def convert_cifar10(
    folder: str | Path, out: str | Path, progress: Progress | None = None
) -> Cifar10Files:
    """Write ``cifar10_train_lmdb``, ``cifar10_test_lmdb`` and ``mean.binaryproto`` into ``out``.

    ``folder`` holds ``data_batch_1.bin`` to ``data_batch_5.bin`` and ``test_batch.bin``. Keys
    are ``00000``, ``00001`` and so on; the channels stay in the order RGB, as Caffe's converter
    leaves them. The mean is that of the training images, ``(1, 3, 32, 32)``.

    Raises:
        MissingFile: a binary file is not there.
        DataError: a binary file is damaged.
        ConfigError: one of the databases is there already.
        RunError: a file cannot be written.
    """
    out = Path(out)
    found = Cifar10Files(
        out / "cifar10_train_lmdb", out / "cifar10_test_lmdb", out / "mean.binaryproto"
    )
    databases = LmdbWriter(found.train), LmdbWriter(found.test)
    train, test = (_read(Path(folder), names) for names in (_TRAIN, _TEST))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from error
    tally = Tally(progress, len(train) + len(test))
    for database, records in zip(databases, (train, test), strict=True):
        _write(database, records, tally)
    mean = train[:, 1:].mean(axis=0, dtype=np.float64)
    write_blob(found.mean, mean.reshape(1, *_IMAGE))
    return found


def _read(folder: Path, names: Sequence[str]) -> np.ndarray:
    """Return the records of some files: a label and the pixels, ``(N, 3073)`` uint8."""
    return np.concatenate([_records(folder / name) for name in names])


def _records(path: Path) -> np.ndarray:
    """Read one file (the format is told at www.cs.toronto.edu/~kriz/cifar.html)."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise MissingFile(
            f"{path}: no such file; unpack cifar-10-binary.tar.gz, CIFAR-10's version for C,"
            f" into {path.parent}"
        ) from None
    except OSError as error:
        raise cannot_read(path, error) from error
    if not content or len(content) % _RECORD:
        raise DataError(
            f"{path}: its {len(content)} bytes are no whole number of images of {_RECORD} bytes;"
            " download it again"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    if records[:, 0].max() >= _CLASSES:
        raise DataError(
            f"{path}: image {int(records[:, 0].argmax())} has the label {records[:, 0].max()},"
            f" and there are {_CLASSES} classes; download it again"
        )
    return records


def _write(database: LmdbWriter, records: np.ndarray, tally: Tally) -> None:
    with database:
        for number, record in enumerate(records):
            value = encode(record[1:].reshape(_IMAGE), int(record[0]), says_encoded=False)
            database.put(b"%05d" % number, value)
            tally.count()

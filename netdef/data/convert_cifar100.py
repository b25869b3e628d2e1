"""CIFAR-100's binary files to LMDBs."""

from pathlib import Path

import numpy as np

from netdef.data.database_writer import refuse_existing
from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.data.progress import Progress, Tally
from netdef.errors import DataError, MissingFile, cannot_read, cannot_write

_IMAGE = (3, 32, 32)
_RECORD = 2 + 3 * 32 * 32
_CLASSES = {"coarse": 20, "fine": 100}


def convert_cifar100(
    folder: str | Path, out: str | Path, coarse: bool = False, progress: Progress | None = None
) -> tuple[Path, Path]:
    """Write ``cifar100_train_lmdb`` and ``cifar100_test_lmdb`` into ``out``; return their paths.

    ``folder`` holds ``train.bin`` and ``test.bin``. Labels are the 100 fine classes, or the 20
    ``coarse`` ones. Channels stay in the order RGB, as in Caffe's CIFAR-10.

    Raises:
        MissingFile: a binary file is not there.
        DataError: a binary file is damaged.
        ConfigError: one of the databases is there already.
        RunError: a file cannot be written.
    """
    column = 0 if coarse else 1
    parts = {
        Path(out) / f"cifar100_{name}_lmdb": Path(folder) / f"{name}.bin"
        for name in ("train", "test")
    }
    for path in parts:
        refuse_existing(path)
    found = {path: _records(source) for path, source in parts.items()}
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from error
    tally = Tally(progress, sum(map(len, found.values())))
    for path, records in found.items():
        with LmdbWriter(path) as database:
            for number, record in enumerate(records):
                image, label = record[2:].reshape(_IMAGE), int(record[column])
                database.put(b"%05d" % number, encode(image, label, says_encoded=False))
                tally.count()
    train, test = found
    return train, test


def _records(path: Path) -> np.ndarray:
    """Read a file: two labels and the pixels of each image, ``(N, 3074)`` uint8.

    The format is told at www.cs.toronto.edu/~kriz/cifar.html.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise MissingFile(
            f"{path}: no such file; unpack cifar-100-binary.tar.gz, CIFAR-100's version for C,"
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
    for column, (kind, count) in enumerate(_CLASSES.items()):
        if records[:, column].max() >= count:
            raise DataError(
                f"{path}: image {int(records[:, column].argmax())} has the {kind} label "
                f"{records[:, column].max()}, and there are {count}; download it again"
            )
    return records

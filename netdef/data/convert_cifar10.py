"""CIFAR-10's binary files to LMDBs and a mean image."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from netdef.data.cifar_records import read_cifar
from netdef.data.labelled_images import LabelledImages, write_parts
from netdef.data.progress import Progress
from netdef.io.blobs import write_blob

_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = ("test_batch.bin",)
_CLASSES = {"label": 10}


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
    train, test = (_read(Path(folder), names) for names in (_TRAIN, _TEST))
    write_parts({found.train: train, found.test: test}, progress)
    write_blob(found.mean, train.images.mean(axis=0, dtype=np.float64, keepdims=True))
    return found


def _read(folder: Path, names: Sequence[str]) -> LabelledImages:
    """Return the images of some files as one."""
    images, labels, digits = zip(*(read_cifar(folder / n, _CLASSES) for n in names), strict=True)
    return LabelledImages(np.concatenate(images), np.concatenate(labels), digits[0])

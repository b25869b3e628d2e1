"""The binary files of CIFAR-10 and CIFAR-100."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from netdef.data.labelled_images import LabelledImages
from netdef.errors import DataError, MissingFile, cannot_read

_IMAGE = (3, 32, 32)
_PIXELS = 3 * 32 * 32
_KEY_DIGITS = 5


def read_cifar(path: Path, classes: Mapping[str, int], column: int = 0) -> LabelledImages:
    """Return the images of a file, RGB, with the labels of one column.

    Each record is a byte for each entry of ``classes``, which gives what the label is called and
    how many classes there are, and then the pixels (the format is told at
    www.cs.toronto.edu/~kriz/cifar.html).

    Raises:
        MissingFile: the file is not there.
        DataError: it is damaged.
    """
    length = len(classes) + _PIXELS
    content = _content(path, f"CIFAR-{max(classes.values())}")
    if not content or len(content) % length:
        raise DataError(
            f"{path}: its {len(content)} bytes are no whole number of images of {length} bytes;"
            " download it again"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, length)
    for place, (kind, count) in enumerate(classes.items()):
        labels = records[:, place]
        if labels.max() >= count:
            raise DataError(
                f"{path}: image {int(labels.argmax())} has the {kind} {labels.max()}, and there"
                f" are {count} classes; download it again"
            )
    images = records[:, len(classes) :].reshape(-1, *_IMAGE)
    return LabelledImages(images, records[:, column], _KEY_DIGITS)


def _content(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise MissingFile(
            f"{path}: no such file; unpack {name.lower()}-binary.tar.gz, {name}'s version for C,"
            f" into {path.parent}"
        ) from None
    except OSError as error:
        raise cannot_read(path, error) from error

"""scikit-learn's handwritten digits to LMDBs: a data set that needs no download."""

from pathlib import Path

import numpy as np

from netdef.data.labelled_images import LabelledImages, write_parts
from netdef.data.progress import Progress
from netdef.errors import RunError

_TEST_EVERY = 5


def convert_digits(out: str | Path, progress: Progress | None = None) -> tuple[Path, Path]:
    """Write ``digits_train_lmdb`` and ``digits_test_lmdb`` into ``out``; return their paths.

    1,797 images of 8x8 pixels; every fifth image of each digit is for testing, 355 of them,
    which leaves 1,442 for training. The grey levels 0 to 16 become 0 to 255.

    Raises:
        RunError: scikit-learn is not installed, or the databases cannot be written.
        ConfigError: one of the databases is there already.
    """
    train, test = Path(out) / "digits_train_lmdb", Path(out) / "digits_test_lmdb"
    images, labels = _load()
    tested = np.zeros(len(labels), bool)
    for digit in range(10):
        tested[np.flatnonzero(labels == digit)[_TEST_EVERY - 1 :: _TEST_EVERY]] = True
    parts = {
        train: LabelledImages(images[~tested], labels[~tested]),
        test: LabelledImages(images[tested], labels[tested]),
    }
    write_parts(parts, progress)
    return train, test


def _load() -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise RunError(
            "the digits come with scikit-learn, which is not installed; pip install 'netdef[demo]'"
        ) from error
    digits = load_digits()
    return np.rint(digits.images[:, None] * (255 / 16)).astype(np.uint8), digits.target

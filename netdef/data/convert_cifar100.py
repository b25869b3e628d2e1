"""CIFAR-100's binary files to LMDBs."""

from pathlib import Path

from netdef.data.cifar_records import read_cifar
from netdef.data.labelled_images import write_parts
from netdef.data.progress import Progress

_CLASSES = {"coarse label": 20, "fine label": 100}


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
    train, test = (Path(out) / f"cifar100_{name}_lmdb" for name in ("train", "test"))
    column = 0 if coarse else 1
    parts = {
        path: read_cifar(Path(folder) / f"{name}.bin", _CLASSES, column)
        for path, name in ((train, "train"), (test, "test"))
    }
    write_parts(parts, progress)
    return train, test

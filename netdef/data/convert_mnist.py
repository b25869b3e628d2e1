"""MNIST's IDX files to LMDBs."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from netdef.data.labelled_images import LabelledImages, write_parts
from netdef.data.progress import Progress
from netdef.errors import DataError, MissingFile, cannot_read
from netdef.shape import Shape

_PARTS = {"train": "train", "t10k": "test"}


def convert_mnist(
    folder: str | Path, out: str | Path, progress: Progress | None = None
) -> tuple[Path, Path]:
    """Write ``mnist_train_lmdb`` and ``mnist_test_lmdb`` into ``out``; return their paths.

    ``folder`` holds the four IDX files, as they are or with ``.gz``. ``progress`` is told the
    number of records written and their total.

    Raises:
        MissingFile: an IDX file is not there.
        DataError: an IDX file is damaged.
        ConfigError: one of the databases is there already.
        RunError: the databases cannot be written.
    """
    train, test = (Path(out) / f"mnist_{name}_lmdb" for name in _PARTS.values())
    parts = [_read_part(Path(folder), prefix) for prefix in _PARTS]
    write_parts(dict(zip((train, test), parts, strict=True)), progress)
    return train, test


def _read_part(folder: Path, prefix: str) -> LabelledImages:
    images_path = _find(folder, f"{prefix}-images-idx3-ubyte")
    labels_path = _find(folder, f"{prefix}-labels-idx1-ubyte")
    images, labels = _read_idx(images_path, axes=3), _read_idx(labels_path, axes=1)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path}: {len(images)} images, but {labels_path.name} has {len(labels)} "
            "labels; download both again"
        )
    return LabelledImages(images[:, None], labels)


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise MissingFile(f"{folder / name}: no such file, nor with .gz; download MNIST into {folder}")


def _read_idx(path: Path, axes: int) -> np.ndarray:
    """Read an IDX file of bytes (the format is told at yann.lecun.com/exdb/mnist)."""
    content = _content(path)
    magic = bytes((0, 0, 8, axes))
    if content[:4] != magic:
        raise DataError(
            f"{path}: begins with {content[:4].hex()}, an IDX file of {axes} axes with "
            f"{magic.hex()}; download it again"
        )
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataError(f"{path}: its head is cut short; download it again")
    shape = Shape(np.frombuffer(content[4:start], ">u4").tolist())
    if len(content) - start != shape.size:
        raise DataError(
            f"{path}: {len(content) - start} bytes follow its head, not the {shape.size} "
            f"of its shape {shape}; download it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: is not a whole gzip file; download it again") from error
    except OSError as error:
        raise cannot_read(path, error) from error

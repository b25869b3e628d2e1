"""The mean that is subtracted from images: of a file, or of values."""

from pathlib import Path

import numpy as np

from netdef.errors import ShapeError, at
from netdef.proto import TransformationParameter
from netdef.shape import Shape


def mean_of(param: TransformationParameter) -> np.ndarray | None:
    """Return the mean as ``(C, H, W)`` from a file, ``(C, 1, 1)`` from values, or None.

    Raises:
        MissingFile, ShapeError: see ``read_mean``.
    """
    if param.mean_file:
        return read_mean(param.mean_file)
    if param.mean_value:
        return np.array(param.mean_value, np.float32).reshape(-1, 1, 1)
    return None


def read_mean(path: str | Path) -> np.ndarray:
    """Return the mean image of a BlobProto file as ``(C, H, W)`` float32.

    Raises:
        MissingFile: it is not there.
        ShapeError: it holds no single image.
    """
    from netdef.io.blobs import read_blob

    mean = np.asarray(read_blob(Path(path)), np.float32)
    with at(str(path)):
        if mean.ndim < 3 or mean.size != Shape(mean.shape[-3:]).size:
            raise ShapeError(f"a blob of shape {Shape(mean.shape)} is not the mean of images")
    return mean.reshape(mean.shape[-3:])

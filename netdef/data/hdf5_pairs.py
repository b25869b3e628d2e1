"""The rows of one HDF5 file with their labels."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from netdef.data.datum import Label
from netdef.data.hdf5_list import inspect_hdf5
from netdef.data.progress import Progress, Tally
from netdef.errors import DataError, MissingFile

_AT_ONCE = 256


def hdf5_rows(
    path: str | Path, data: str = "data", label: str = "label", progress: Progress | None = None
) -> Iterator[tuple[np.ndarray, Label | float]]:
    """Yield the rows of the dataset ``data``, and of ``label`` numbers or tuples of numbers.

    Rows of bytes stay bytes; others become float32.

    Raises:
        MissingFile: the file is not there.
        DataError: it is no HDF5, lacks a dataset, or its datasets do not fit together.
    """
    import h5py

    if not Path(path).is_file():
        raise MissingFile(f"{path}: no such file")
    count = inspect_hdf5(Path(path), (data, label)).rows
    tally = Tally(progress, count)
    with h5py.File(path, "r") as file:
        kind = np.uint8 if file[data].dtype == np.uint8 else np.float32
        for first in range(0, count, _AT_ONCE):
            rows = np.asarray(file[data][first : first + _AT_ONCE], kind)
            labels = np.asarray(file[label][first : first + _AT_ONCE], float)
            for row, numbers in zip(rows, labels, strict=True):
                yield row, _label(f"{path}: row {first}", numbers)
                tally.count()


def _label(where: str, numbers: np.ndarray) -> Label | float:
    if numbers.size == 1:
        return float(numbers.reshape(()))
    if numbers.ndim > 1:
        raise DataError(f"{where}: its labels have {numbers.ndim} axes; one is what can be kept")
    return tuple(numbers.tolist())

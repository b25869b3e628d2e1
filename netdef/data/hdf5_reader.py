"""Reading rows from a list of HDF5 files."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from netdef.data.hdf5_list import HDF5File
from netdef.data.random_words import permutation
from netdef.errors import DataError, at


class HDF5Reader:
    """The rows of HDF5 files, from file to file and round again.

    With ``shuffle`` the files, and the rows within each, come in a new order every round, as
    ``seed`` decides. Only rows that are asked for are read, so files may be larger than memory.
    """

    def __init__(
        self, files: Sequence[HDF5File], names: Sequence[str], shuffle: bool, seed: int
    ) -> None:
        self._files, self._names = files, names
        self._shuffles, self._seed = shuffle, seed
        self._rows = sum(file.rows for file in files)
        self._lock = Lock()
        self._open: Any = None
        # Orders are needed again for every batch of a round; two rounds may meet in one.
        self._order = lru_cache(maxsize=4)(self._permutation)

    def read(self, first: int, out: Sequence[np.ndarray]) -> None:
        """Read as many rows as ``out`` has, from number ``first`` of the first round on.

        Threads may call it at once; they take turns.

        Shapes:
            out: ``(N, ...)`` for each dataset, of the type that its numbers become.

        Raises:
            DataError: a file is not there any more, or damaged.
        """
        done, count = 0, len(out[0])
        with self._lock:
            while done < count:
                done += self._read_part(first + done, [array[done:] for array in out])

    def close(self) -> None:
        """Close the file that is open; may be called twice."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _permutation(self, stream: str, count: int) -> np.ndarray:
        return permutation(self._seed, stream, count)

    def _place(self, position: int) -> tuple[int, int, int]:
        """Return the round, the file and the row within it that ``position`` stands for."""
        epoch, row = divmod(position, self._rows)
        files = range(len(self._files))
        for file in self._order(f"files {epoch}", len(files)) if self._shuffles else files:
            if row < self._files[file].rows:
                return epoch, int(file), row
            row -= self._files[file].rows
        raise IndexError(position)

    def _read_part(self, position: int, out: Sequence[np.ndarray]) -> int:
        """Read rows of one file to the beginning of ``out``; return how many."""
        epoch, number, row = self._place(position)
        file = self._files[number]
        count = min(len(out[0]), file.rows - row)
        rows: Any = np.s_[row : row + count]
        if self._shuffles:
            rows = self._order(f"rows {epoch} {number}", file.rows)[rows]
        with at(str(file.path)):
            datasets = self._opened(file.path)
            for name, values in zip(self._names, out, strict=True):
                _read_rows(datasets[name], rows, values[:count])
        return count

    def _opened(self, path: Path) -> Any:
        import h5py

        if self._open is None or self._open.filename != str(path):
            self.close()
            try:
                self._open = h5py.File(path, "r")
            except OSError as error:
                raise DataError(f"cannot be opened any more ({error})") from error
        return self._open


def _read_rows(dataset: Any, rows: Any, out: np.ndarray) -> None:
    """Read a slice of rows, or the rows of an array of numbers."""
    try:
        if isinstance(rows, slice):
            dataset.read_direct(out, rows)
        else:
            # HDF5 takes rows in rising order only.
            order = np.argsort(rows)
            out[order] = dataset[rows[order]]
    except OSError as error:
        raise DataError(f"dataset {dataset.name!r} cannot be read ({error})") from error

"""An HDF5 file that grows by rows."""

import weakref
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from netdef.errors import ShapeError, at, cannot_write
from netdef.io.hdf5 import append_rows, writing_hdf5
from netdef.shape import Shape


class HDF5Rows:
    """Datasets of float32 to which rows are added; the file is there once it is closed.

    It is written under a temporary name, begun with the first rows. What is not closed is
    closed when the process ends.
    """

    def __init__(self, path: str | Path, names: tuple[str, ...]) -> None:
        self._path, self._names = path, names
        self._opened = ExitStack()
        self._file: Any = None
        self._finalizer = weakref.finalize(self, self._opened.close)

    def append(self, *arrays: np.ndarray) -> None:
        """Add the rows of one array to each dataset.

        Shapes:
            arrays: ``(N, ...)``, the rest as in the first call.

        Raises:
            ShapeError: rows have another shape than the first ones.
            RunError: the file cannot be written.
        """
        if self._file is None:
            self._file = self._opened.enter_context(writing_hdf5(self._path))
        try:
            for name, rows in zip(self._names, arrays, strict=True):
                with at(str(self._path)):
                    self._add(name, rows)
        except OSError as error:
            self._file = None
            self._opened.__exit__(type(error), error, error.__traceback__)  # drops the file
            raise cannot_write(self._path, error) from error

    def _add(self, name: str, rows: np.ndarray) -> None:
        first = self._file[name].shape[1:] if name in self._file else rows.shape[1:]
        if rows.shape[1:] != first:
            new, old = Shape(rows.shape[1:]), Shape(first)
            raise ShapeError(f"rows of {name!r} have the shape {new}, the first ones {old}")
        append_rows(self._file, name, rows)

    def close(self) -> None:
        """Give the file its name; may be called twice. Rows added later begin a new file."""
        self._opened.close()
        self._file = None

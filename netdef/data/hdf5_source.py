"""Batches from HDF5 files, as Caffe's HDF5Data layer has them."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from netdef.data.hdf5_list import read_list
from netdef.data.prefetch import Batch
from netdef.data.random_words import permutation
from netdef.errors import DataError, at
from netdef.shape import Shape


class HDF5Source:
    """The rows of HDF5 files in order, from file to file and round again, in batches.

    ``source_list_path`` names one file a line, from the current folder or from the list's.
    Each top is the dataset of its name. With ``shuffle`` the files, and the rows within
    each, come in a new order every round, as ``seed`` decides. Only the rows of a batch are
    read, so files may be larger than memory.

    Shapes:
        dataset: ``(rows, ...)`` of any rank from 1, the same row in every file.
        top: ``(batch_size, ...)`` float32.

    Raises:
        MissingFile: the list or one of its files is not there.
        DataError: a file is no HDF5, lacks a dataset, or its datasets do not fit together.
    """

    def __init__(
        self,
        source_list_path: str | Path,
        batch_size: int,
        tops: tuple[str, ...],
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        self._tops, self._shuffles, self._seed = tops, shuffle, seed
        self._files = read_list(Path(source_list_path), tops)
        self._rows = sum(file.rows for file in self._files)
        row_shapes = self._files[0].row_shapes
        self.shapes = tuple(Shape((batch_size, *row)) for row in row_shapes)
        self._batch_size = batch_size
        self._batch: Batch | None = None
        self._position = 0
        self._open: Any = None
        # Orders are needed again for every batch of a round; two rounds may meet in one.
        self._order = lru_cache(maxsize=4)(self._permutation)

    def next(self) -> Batch:
        """Return the next batch; valid until the next call."""
        if self._batch is None:
            self._batch = tuple(np.empty(shape, np.float32) for shape in self.shapes)
        done = 0
        while done < self._batch_size:
            done += self._read(self._position + done, done, self._batch)
        self._position += done
        return self._batch

    def state(self) -> dict[str, int]:
        """Return ``position``: how many rows were handed out."""
        return {"position": self._position}

    def restore(self, state: dict[str, int]) -> None:
        """Go on behind the row that ``state`` counts up to."""
        self._position = state["position"]

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

    def _read(self, position: int, done: int, batch: Batch) -> int:
        """Read rows of one file into the batch from row ``done`` on; return how many."""
        epoch, number, row = self._place(position)
        file = self._files[number]
        count = min(self._batch_size - done, file.rows - row)
        rows: Any = np.s_[row : row + count]
        if self._shuffles:
            rows = self._order(f"rows {epoch} {number}", file.rows)[rows]
        with at(str(file.path)):
            datasets = self._opened(file.path)
            for top, values in zip(self._tops, batch, strict=True):
                _read_rows(datasets[top], rows, values[done : done + count])
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
    """Read a slice of rows, or the rows of an array of numbers, as float32."""
    try:
        if isinstance(rows, slice):
            dataset.read_direct(out, rows)
        else:
            # HDF5 takes rows in rising order only.
            order = np.argsort(rows)
            out[order] = dataset[rows[order]]
    except OSError as error:
        raise DataError(f"dataset {dataset.name!r} cannot be read ({error})") from error

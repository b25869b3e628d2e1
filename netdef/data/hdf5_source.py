"""Batches from HDF5 files, as Caffe's HDF5Data layer has them."""

import os
from pathlib import Path

import numpy as np

from netdef.data.hdf5_list import read_list
from netdef.data.hdf5_reader import HDF5Reader
from netdef.data.prefetch import Batch
from netdef.data.prefetched_source import PrefetchedSource
from netdef.data.transformer import Transformer
from netdef.errors import ShapeError, at
from netdef.proto import TEST, TransformationParameter
from netdef.shape import Shape

_IMAGE_AXES = 3


class HDF5Source(PrefetchedSource):
    """The rows of HDF5 files in order, from file to file and round again, in batches.

    ``source_list_path`` names one file a line, from the current folder or from the list's.
    Each top is the dataset of its name. ``shuffle``: see ``HDF5Reader``. A ``transform_param``
    that sets anything is for the images of the first top: it changes them as it would those of
    a database, as ``seed`` and ``name`` decide.

    Shapes:
        dataset: ``(rows, ...)`` of any rank from 1, the same row in every file.
        top: ``(batch_size, ...)`` float32; ``(batch_size, C, h, w)`` if images are changed.

    Raises:
        MissingFile: the list or one of its files is not there.
        DataError: a file is no HDF5, lacks a dataset, or its datasets do not fit together.
        ShapeError: the first dataset holds no images, but ``transform_param`` is set.
    """

    def __init__(
        self,
        source_list_path: str | Path,
        batch_size: int,
        tops: tuple[str, ...],
        shuffle: bool = False,
        seed: int = 0,
        *,
        transform_param: TransformationParameter | None = None,
        phase: int = TEST,
        name: str = "",
    ) -> None:
        files = read_list(Path(source_list_path), tops)
        first, *others = files[0].row_shapes
        self._transformer: Transformer | None = None
        if transform_param is not None and transform_param.ListFields():
            self._transformer = Transformer(transform_param, phase, seed, name)
            self._images = Shape((batch_size, *first))
            self._pixel = np.uint8 if all(file.has_bytes[0] for file in files) else np.float32
            with at(f"{files[0].path}: dataset {tops[0]!r}"):
                first = _transformed(self._transformer, first)
        self._reader = HDF5Reader(files, tops, shuffle, seed)
        shapes = tuple(Shape((batch_size, *row)) for row in (first, *others))
        # HDF5 reads with one thread at a time; changing images is worth every core.
        threads = (os.cpu_count() or 1) if self._transformer else 1
        records = sum(file.rows for file in files)
        super().__init__(shapes, batch_size, records=records, threads=threads)

    def close(self) -> None:
        """Stop the threads and close the file that is open; may be called twice."""
        super().close()
        self._reader.close()

    def _read(self, first: int) -> int:
        return first

    def _fill(self, first: int, batch: Batch) -> Batch:
        if self._transformer is None:
            self._reader.read(first, batch)
            return batch
        images = np.empty(self._images, self._pixel)
        self._reader.read(first, (images, *batch[1:]))
        self._transformer.apply(list(images), first, batch[0])
        return batch


def _transformed(transformer: Transformer, row: Shape) -> Shape:
    """Return the shape that transformed rows have."""
    if len(row) != _IMAGE_AXES:
        raise ShapeError(
            f"its rows have the shape {row}, and transform_param changes images (C, H, W); remove"
            " transform_param"
        )
    return transformer.shape(row)

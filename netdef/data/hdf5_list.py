"""The list of HDF5 files that an HDF5Data layer names, and what is in them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netdef.errors import DataError, MissingFile, at, cannot_read, did_you_mean
from netdef.shape import Shape


@dataclass(frozen=True)
class HDF5File:
    """One file of the list: its rows, and of each top the shape of a row, and if it has bytes."""

    path: Path
    rows: int
    row_shapes: tuple[Shape, ...]
    has_bytes: tuple[bool, ...]


def read_list(path: Path, tops: tuple[str, ...]) -> list[HDF5File]:
    """Return the files of a list, one a line; each must have a dataset for every top.

    Raises:
        MissingFile: the list or one of its files is not there.
        DataError: a file is no HDF5, lacks a dataset, or its datasets do not fit together.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise cannot_read(path, error) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is not text; source names a list of .h5 files, one a line"
        ) from error
    files: list[HDF5File] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            with at(f"{path}:{number}"):
                file = inspect_hdf5(_find(line.strip(), path.parent), tops)
                _check_same(file, files, tops)
            files.append(file)
    if not files:
        raise DataError(f"{path}: lists no files; name one .h5 file a line")
    if not any(file.rows for file in files):
        raise DataError(f"{path}: its files have no rows")
    return files


def _find(name: str, folder: Path) -> Path:
    """Return the file from the current folder, or else from the list's."""
    for path in (Path(name), folder / name):
        if path.is_file():
            return path
    raise MissingFile(f"{name}: no such file, neither from the current folder nor in {folder}")


def inspect_hdf5(path: Path, tops: tuple[str, ...]) -> HDF5File:
    """Return the rows and the row shapes of one file that has a dataset for every top.

    Raises:
        DataError: it is no HDF5, lacks a dataset, or its datasets differ in their rows.
    """
    import h5py

    try:
        opened = h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path}: is not an HDF5 file, or is damaged ({error})") from error
    with opened as file, at(str(path)):
        datasets = [_dataset(file, top) for top in tops]
        shapes = [Shape(dataset.shape) for dataset in datasets]
        has_bytes = tuple(dataset.dtype == np.uint8 for dataset in datasets)
        rows = {shape[0] for shape in shapes}
        if len(rows) > 1:
            counts = ", ".join(f"{top!r} has {s[0]}" for top, s in zip(tops, shapes, strict=True))
            raise DataError(f"its datasets differ in their rows: {counts}")
    return HDF5File(path, rows.pop(), tuple(Shape(shape[1:]) for shape in shapes), has_bytes)


def _dataset(file: Any, top: str) -> Any:
    import h5py

    dataset = file.get(top)
    if not isinstance(dataset, h5py.Dataset):
        names = [name for name, value in file.items() if isinstance(value, h5py.Dataset)]
        hint = did_you_mean(top, names) or f"; it has {', '.join(map(repr, names)) or 'none'}"
        raise DataError(f"no dataset {top!r}{hint}")
    if not dataset.shape:
        raise DataError(f"dataset {top!r} is a single value; its first axis must number the rows")
    if dataset.dtype.kind not in "biuf":
        raise DataError(f"dataset {top!r} holds {dataset.dtype}, not numbers")
    return dataset


def _check_same(file: HDF5File, others: list[HDF5File], tops: tuple[str, ...]) -> None:
    for other in others[:1]:
        for top, mine, first in zip(tops, file.row_shapes, other.row_shapes, strict=True):
            if mine != first:
                raise DataError(
                    f"{file.path}: a row of {top!r} has the shape {mine}, in {other.path} {first}"
                )

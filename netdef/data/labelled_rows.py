"""Rows and their labels, from and to HDF5 files and databases."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from netdef.data.database import database_writer, open_database, records
from netdef.data.database_writer import refuse_existing
from netdef.data.datum import Label, decode, encode
from netdef.data.lmdb_reader import key_text
from netdef.data.progress import Progress, Tally
from netdef.data.run_name import run_name
from netdef.errors import DataError, ShapeError, at
from netdef.io.hdf5 import append_rows, writing_hdf5
from netdef.io.whole_file import writing_whole
from netdef.shape import Shape

Row = tuple[np.ndarray, Label | float]
_AT_ONCE = 256
_LARGEST_LABEL = 2**31 - 1


def write_rows(rows: Iterable[Row], kind: str, out: str | Path, resume_as: str = "") -> list[Path]:
    """Write rows and labels to a new HDF5 file or a new database; return what was written.

    An HDF5 file gets float32 datasets ``data`` and ``label``, and beside it a list of the same
    name with the ending ``.txt``, for HDF5Data. A database gets Datums with the keys
    ``00000000``, ``00000001`` and so on; labels must be whole numbers there, or stand beside
    bytes; of a run that was killed, it goes on with what one of the same name ``resume_as`` left.

    Shapes:
        row: of one shape; up to three axes for a database, ``(C, H, W)`` or the last of them
            left out.

    Raises:
        ConfigError: there is something at ``out`` already.
        ShapeError: a row has another shape than the first one.
        DataError: a database cannot hold the rows, or there are none.
        RunError: ``out`` cannot be written.
    """
    if kind == "hdf5":
        return _write_hdf5(rows, Path(out))
    refuse_existing(Path(out))
    with database_writer(out, kind.upper(), resume_as) as database:
        number = -1
        for number, (values, label) in enumerate(_of_one_shape(rows)):
            with at(f"row {number}"):
                value = encode(_image(values), _whole(label), says_encoded=False)
            database.put(b"%08d" % number, value)
        _refuse_none(number + 1)
    return [Path(out)]


def rows_of_database(path: str | Path, progress: Progress | None = None) -> Iterator[Row]:
    """Yield the pixels and the labels of a database, encoded images decoded.

    Raises:
        MissingFile, DataError: see ``open_database``; a damaged record is named.
    """
    with closing(open_database(path)) as database:
        tally = Tally(progress, database.entries)
        for key, value in records(database):
            with at(f"{path}: record {key_text(key)!r}"):
                row = decode(value)
            yield row
            tally.count()


def copy_database(
    path: str | Path, backend: str, out: str | Path, progress: Progress | None = None
) -> None:
    """Write the records of a database, as they are, to a new one of another kind.

    A run that was killed is gone on with by the same call.

    Raises:
        MissingFile, DataError: see ``open_database``.
        ConfigError: there is something at ``out`` already.
        RunError: ``out`` cannot be written.
    """
    refuse_existing(Path(out))
    with closing(open_database(path)) as database:
        ends = [key for n in (0, database.entries - 1) for key, _ in database.read(n, 1)]
        name = run_name(Path(path).resolve(), database.entries, ends)
        tally = Tally(progress, database.entries)
        with database_writer(out, backend, name) as written:
            for record in records(database):
                written.put(*record)
                tally.count()


def _write_hdf5(pairs: Iterable[Row], out: Path) -> list[Path]:
    listed = out.with_suffix(".txt")
    for path in (out, listed):
        refuse_existing(path)
    count = 0
    with writing_hdf5(out) as file:
        for chunk in _chunks(_of_one_shape(pairs)):
            for name, values in zip(("data", "label"), zip(*chunk, strict=True), strict=True):
                append_rows(file, name, np.array(values, np.float32))
            count += len(chunk)
        _refuse_none(count)
    with writing_whole(listed) as lines:
        lines.write(f"{out.name}\n".encode())
    return [out, listed]


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _of_one_shape(rows: Iterable[Row]) -> Iterator[Row]:
    first: tuple[Shape, Shape] | None = None
    for number, (values, label) in enumerate(rows):
        shapes = Shape(values.shape), Shape(np.shape(label))
        first = first or shapes
        if shapes != first:
            raise ShapeError(
                f"row {number} and its label have the shapes {shapes[0]} and {shapes[1]}, the "
                f"first ones {first[0]} and {first[1]}; resize the images, or convert parts"
            )
        yield values, label


def _image(values: np.ndarray) -> np.ndarray:
    """Return values of up to three axes as channels, height and width."""
    if values.ndim > 3:
        raise DataError(f"a database has no place for {values.ndim} axes; write HDF5")
    return values.reshape(*values.shape, *(1,) * (3 - values.ndim))


def _whole(label: Label | float) -> Label:
    if isinstance(label, tuple):
        return label
    if label != int(label) or abs(label) > _LARGEST_LABEL:
        raise DataError(f"the label {label:g} is not a whole number of 32 bits; write HDF5")
    return int(label)


def _refuse_none(count: int) -> None:
    if not count:
        raise DataError("there are no rows to write")

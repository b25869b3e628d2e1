"""HDF5 files, read and written whole."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdef.errors import WeightsError, at
from netdef.io.blobs import Array
from netdef.io.whole_file import path_for_writing_whole

if TYPE_CHECKING:
    import h5py

_ROOM = 1 << 20
"""Bytes that HDF5 may still need to end a file."""
_CHUNK = 1 << 16
"""Bytes that datasets grow by, if a row is not longer."""


@contextmanager
def reading_hdf5(path: Path | str) -> Iterator["h5py.File"]:
    """Yield an open file; what goes wrong inside is an error about ``path``.

    Raises:
        WeightsError: the file is damaged.
    """
    import h5py

    with at(str(path)):
        try:
            with h5py.File(path, "r") as file:
                yield file
        except (OSError, KeyError, RuntimeError) as error:
            raise WeightsError(f"is cut off or damaged ({error})") from None


@contextmanager
def writing_hdf5(path: Path | str) -> Iterator["h5py.File"]:
    """Yield a new file that becomes ``path`` when the block ends, and vanishes if it fails.

    Raises:
        RunError: the file cannot be written.
    """
    import h5py

    with path_for_writing_whole(path) as temporary, h5py.File(temporary, "w") as file:
        yield file


def refuse_full_disk(path: Path | str, needed: int) -> None:
    """Stop before the disk is full: the process crashes if HDF5 cannot end a file.

    Raises:
        OSError: so many bytes more have no room where the file is.
    """
    if shutil.disk_usage(Path(path).parent).free < needed + _ROOM:
        raise OSError(errno.ENOSPC, "No space left on device")


def add_array(group: "h5py.Group", name: str, array: np.ndarray) -> None:
    """Write a new dataset.

    Raises:
        OSError: the disk is full.
    """
    refuse_full_disk(group.file.filename, array.nbytes)
    group[name] = array


def append_rows(group: "h5py.Group", name: str, rows: np.ndarray) -> None:
    """Add float32 rows to a dataset, which is made if it is not there.

    Shapes:
        rows: ``(N, ...)``, the rest as in the dataset.

    Raises:
        OSError: the disk is full.
    """
    values = np.asarray(rows, np.float32)
    count, row = len(values), values.nbytes // max(1, len(values))
    in_chunk = max(1, min(count, _CHUNK // max(1, row)))
    refuse_full_disk(group.file.filename, (count + in_chunk) * row)
    if name not in group:
        limits, chunks = (None, *values.shape[1:]), (in_chunk, *values.shape[1:])
        group.create_dataset(name, data=values, maxshape=limits, chunks=chunks)
        return
    dataset = group[name]
    dataset.resize(len(dataset) + count, axis=0)
    dataset[len(dataset) - count :] = values


def arrays(group: "h5py.Group") -> list[Array]:
    """Return the datasets ``0``, ``1`` ... of a group as float32; a missing one is empty.

    Raises:
        WeightsError: a dataset has another name or holds no numbers.
    """
    found: dict[int, Array] = {}
    for name, member in group.items():
        if is_group(member):
            continue
        if not name.isdecimal() or member.dtype.kind not in "fiu":
            raise WeightsError(f"is no blob: {name!r} of type {member.dtype}")
        found[int(name)] = np.asarray(member[()], np.float32)
    count = max(found, default=-1) + 1
    return [found.get(index, np.empty(0, np.float32)) for index in range(count)]


def groups(group: "h5py.Group") -> Iterator[tuple[str, "h5py.Group"]]:
    """Yield name and group of each group in a group."""
    return ((name, member) for name, member in group.items() if is_group(member))


def is_group(member: "h5py.Group | h5py.Dataset") -> bool:
    """Say whether a member is a group, not a dataset."""
    return not hasattr(member, "dtype")

"""Features of pictures, read back from whatever kind of file ``netdef extract`` wrote."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from netdef.data.database import open_database
from netdef.data.datum import decode
from netdef.data.lmdb_reader import key_text
from netdef.errors import ConfigError, DataError, at, cannot_read, did_you_mean
from netdef.feature_rows import NO_LABEL
from netdef.io.content import is_hdf5
from netdef.io.hdf5 import reading_hdf5

_COLUMNS = ("names", "labels")
_NUMBERED = re.compile(r"\d{8}_(.+)", re.DOTALL)
_AT_ONCE = 256


@dataclass(frozen=True)
class FeatureTable:
    """A row of features for each picture, what the pictures are called, and their classes.

    ``labels`` are -1 where none is known. ``sources`` are where the pictures were, if the file
    tells.

    Shapes:
        rows: ``(N, D)`` float32.
    """

    names: list[str]
    labels: NDArray[np.int64]
    rows: NDArray[np.float32]
    sources: list[str] = field(default_factory=list)

    def class_names(self) -> dict[int, str]:
        """Return each known label's name: of the folder of its pictures, if it has one alone."""
        folders: dict[int, set[str]] = {}
        for name, label in zip(self.names, self.labels.tolist(), strict=True):
            if label != NO_LABEL:
                folders.setdefault(label, set()).add(Path(name).parent.name)
        named = {label: own.pop() if len(own) == 1 else "" for label, own in folders.items()}
        is_told_apart = len(set(named.values())) == len(named) and all(named.values())
        return {k: v if is_told_apart else str(k) for k, v in sorted(named.items())}


def read_features(path: str | Path, blob: str | None = None) -> FeatureTable:
    """Read a file of features: HDF5, npz, npy, or a database of Datums.

    ``blob`` says which features, where a file has those of several blobs.

    Raises:
        MissingFile: the file is not there or cannot be read.
        DataError: it is damaged, holds no rows, or values that are no numbers.
        ConfigError: it has no such blob, or several and none is named.
    """
    path = Path(path)
    if path.is_dir():
        found = _from_database(path)
    elif is_hdf5(path):
        found = _from_hdf5(path, blob)
    else:
        found = _from_numpy(path, blob)
    with at(str(path)):
        _check(found)
    return found


def _check(found: FeatureTable) -> None:
    if not found.rows.size:
        raise DataError("holds no rows of features")
    if len(found.names) != len(found.rows) or len(found.labels) != len(found.rows):
        raise DataError(
            f"holds {len(found.rows)} rows, {len(found.names)} names and {len(found.labels)} labels"
        )
    odd = np.flatnonzero(~np.isfinite(found.rows).all(axis=1))
    if odd.size:
        raise DataError(f"the row of {found.names[odd[0]]!r} has values that are no numbers")


def _flat(rows: Any) -> NDArray[np.float32]:
    array = np.asarray(rows, np.float32)
    return array.reshape(len(array), math.prod(array.shape[1:]))


def _chosen(columns: Sequence[str], blob: str | None) -> str:
    blobs = [name for name in columns if name not in _COLUMNS]
    if blob is None and len(blobs) == 1:
        return blobs[0]
    known = ", ".join(blobs) or "none"
    if blob is None:
        raise ConfigError(f"choose one of its blobs with --blob: {known}")
    if blob not in blobs:
        raise ConfigError(f"has no blob {blob!r}{did_you_mean(blob, blobs)}; it has {known}")
    return blob


def _from_columns(columns: Mapping[str, Any], blob: str | None, names: list[str]) -> FeatureTable:
    rows = _flat(columns[_chosen(list(columns), blob)][()])
    return FeatureTable(names, np.asarray(columns["labels"][()], np.int64), rows)


def _from_hdf5(path: Path, blob: str | None) -> FeatureTable:
    with reading_hdf5(path) as file:
        if not all(name in file for name in _COLUMNS):
            raise DataError("has no datasets names and labels; netdef extract writes them")
        names = [name.decode() for name in file["names"][()]]
        table = _from_columns(file, blob, names)
        source = json.loads(file.attrs.get("source", "{}"))
    return FeatureTable(table.names, table.labels, table.rows, list(source.get("data", [])))


def _from_numpy(path: Path, blob: str | None) -> FeatureTable:
    try:
        with at(str(path)):
            held = np.load(path, allow_pickle=False)
            if not isinstance(held, np.ndarray):
                return _from_npz(held, blob)
        return _from_npy(path, held)
    except OSError as error:
        raise cannot_read(path, error) from None
    except (ValueError, EOFError, KeyError, BadZipFile) as error:
        raise DataError(f"{path}: is no file of features, or damaged ({error})") from None


def _from_npz(held: Any, blob: str | None) -> FeatureTable:
    with held:
        if not all(name in held for name in _COLUMNS):
            raise DataError("has no arrays names and labels; netdef extract writes them")
        return _from_columns(held, blob, [str(name) for name in held["names"]])


def _from_npy(path: Path, rows: NDArray[Any]) -> FeatureTable:
    """Take names and labels from the list beside the rows, ``NAME LABEL`` a line."""
    beside = path.with_suffix(".txt")
    try:
        lines = beside.read_text().splitlines()
    except OSError as error:
        raise cannot_read(beside, error) from None
    pairs = [line.rpartition(" ") for line in lines]
    labels = np.array([int(label) for _, _, label in pairs], np.int64)
    return FeatureTable([name for name, _, _ in pairs], labels, _flat(rows))


def _from_database(path: Path) -> FeatureTable:
    names, labels, rows = [], [], []
    with closing(open_database(path)) as database:
        for first in range(0, database.entries, _AT_ONCE):
            for key, value in database.read(first, min(_AT_ONCE, database.entries - first)):
                name = key_text(key)
                with at(f"{path}: record {name!r}"):
                    row, label = decode(value)
                numbered = _NUMBERED.fullmatch(name)
                names.append(numbered[1] if numbered else name)
                labels.append(label if isinstance(label, int) else NO_LABEL)
                rows.append(row.ravel())
    if len({row.size for row in rows}) > 1:
        raise DataError(f"{path}: its rows differ in length; it holds pictures, not features")
    # A Datum cannot say that its label is not known; one class alone tells nothing either.
    known = labels if len(set(labels)) > 1 else [NO_LABEL] * len(labels)
    return FeatureTable(names, np.array(known, np.int64), _flat(rows))

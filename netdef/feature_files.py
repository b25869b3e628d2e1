"""Files of features: a row for each picture, with its name and its class."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from netdef.data.database import database_writer
from netdef.data.database_writer import DatabaseWriter, refuse_existing
from netdef.data.datum import encode
from netdef.data.run_name import run_name
from netdef.errors import ConfigError
from netdef.feature_rows import FeatureFile, Features, Labels, known_labels
from netdef.io.whole_file import writing_whole
from netdef.proto import Datum

_ENDINGS = {".h5": "h5", ".hdf5": "h5", ".npz": "npz", ".npy": "npy"}
_DATABASES = ("lmdb", "leveldb")
FORMATS = ("h5", "npz", "npy", *_DATABASES, "caffe")


def format_of(path: str | Path, asked: str | None, blobs: Sequence[str]) -> str:
    """Return the format that is asked for, or else the one that the file's ending tells.

    Raises:
        ConfigError: the ending tells none, or the format has room for one blob only.
    """
    path = Path(path)
    kind = asked or _database(path) or _ENDINGS.get(path.suffix)
    if kind is None:
        raise ConfigError(
            f"{path}: end the name with .h5, .npz, .npy, lmdb or leveldb, or give a format"
        )
    if kind not in ("h5", "npz") and len(blobs) > 1:
        raise ConfigError(f"{path}: {kind} has room for one blob, not {len(blobs)}; use .h5")
    return kind


def _database(path: Path) -> str | None:
    return next((kind for kind in _DATABASES if path.name.endswith(kind)), None)


@contextmanager
def feature_file(
    path: str | Path, format: str, shapes: Mapping[str, tuple[int, ...]], source: Mapping[str, Any]
) -> Iterator[FeatureFile]:
    """Yield a new file of features; it stands under its name when the block ends, and not before.

    HDF5 and npz have a dataset for each blob, ``names`` and ``labels`` (-1 if not known). npy
    has the rows alone, and a list beside it the names and labels. lmdb and leveldb have Datums
    whose keys are numbers and names; caffe, in a LevelDB if the name ends so, those that Caffe's
    extract_features writes.

    HDF5 or a database that was interrupted goes on where it stopped if ``source``, what the rows
    come from, is the same.

    Raises:
        ConfigError: something is under the name already, or what is left of a run is another's.
        RunError: the file cannot be written.
    """
    path = Path(path)
    refuse_existing(path)
    if format == "h5":
        from netdef.feature_hdf5 import hdf5_features

        with hdf5_features(path, shapes, source) as file:
            yield file
    elif format in ("npz", "npy"):
        held = _Held(shapes)
        yield held
        (_write_npz if format == "npz" else _write_npy)(path, held)
    else:
        is_caffes = format == "caffe"
        backend = (_database(path) or "lmdb") if is_caffes else format
        name = run_name(format, sorted(source.items()))
        with database_writer(path, backend.upper(), name) as database:
            yield _Records(database, is_caffes)


class _Held(FeatureFile):
    """Rows that stay in memory until all are there."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.names: list[str] = []
        self.labels: list[int] = []
        self._features = {n: [np.empty((0, *shape), np.float32)] for n, shape in shapes.items()}

    def write(self, names: Sequence[str], labels: Labels, features: Features) -> None:
        self.names += names
        self.labels += known_labels(labels)
        for name, rows in features.items():
            self._features[name].append(rows)

    def features(self) -> dict[str, Any]:
        return {name: np.concatenate(parts) for name, parts in self._features.items()}


def _write_npz(path: Path, held: _Held) -> None:
    arrays = held.features()
    for name in ("names", "labels"):
        if name in arrays:
            raise ConfigError(f"{path}: blob {name!r} has the name of a column of npz; use .h5")
    with writing_whole(path) as file:
        np.savez(file, names=np.array(held.names), labels=np.array(held.labels), **arrays)


def _write_npy(path: Path, held: _Held) -> None:
    (rows,) = held.features().values()
    lines = [f"{n} {label}\n" for n, label in zip(held.names, held.labels, strict=True)]
    with writing_whole(path.with_suffix(".txt")) as file:
        file.writelines(line.encode() for line in lines)
    with writing_whole(path) as file:
        np.save(file, rows, allow_pickle=False)


class _Records(FeatureFile):
    def __init__(self, database: DatabaseWriter, is_caffes: bool) -> None:
        self._database, self._is_caffes = database, is_caffes
        last = database.last_key()
        self.done = 0 if last is None else int(last.partition(b"_")[0]) + 1

    def write(self, names: Sequence[str], labels: Labels, features: Features) -> None:
        (rows,) = features.values()
        for name, label, row in zip(names, labels, rows, strict=True):
            if self._is_caffes:
                self._database.put(b"%010d" % self.done, _caffes_datum(row))
            else:
                key = f"{self.done:08d}_{name}".encode()
                self._database.put(key, encode(_three_axes(row), label or 0))
            self.done += 1


def _three_axes(row: Any) -> Any:
    """Return a row as (channels, height, width), lacking axes as 1."""
    if row.ndim > 3:
        raise ConfigError(f"a Datum has 3 axes, a row of the blob {row.ndim}; use .h5 or pool it")
    return row.reshape(*row.shape, *(1,) * (3 - row.ndim))


def _caffes_datum(row: Any) -> bytes:
    values = _three_axes(row)
    channels, height, width = values.shape
    datum = Datum(channels=channels, height=height, width=width)
    datum.float_data.extend(values.ravel().tolist())
    return datum.SerializeToString(deterministic=True)

"""Features in HDF5 that go on where an interrupted run stopped."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from netdef.data.database_writer import flush
from netdef.errors import ConfigError, DataError, cannot_write
from netdef.feature_rows import FeatureFile, Features, Labels, known_labels
from netdef.io.hdf5 import refuse_full_disk

_ROWS_IN_CHUNK = 64


@contextmanager
def hdf5_features(
    path: Path, shapes: Mapping[str, tuple[int, ...]], source: Mapping[str, Any]
) -> Iterator[FeatureFile]:
    """Yield the file, which is called ``.NAME.partial`` beside ``path`` until the block ends.

    See ``netdef.feature_files.feature_file``.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with _opened(partial) as held:
            yield _Rows(held, partial, shapes, json.dumps(source, sort_keys=True))
        flush(partial)
        partial.replace(path)
        flush(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def _opened(partial: Path) -> Any:
    is_new = not partial.exists()
    try:
        return h5py.File(partial, "a")
    except OSError as error:
        if is_new:
            raise
        raise DataError(
            f"{partial}: what an interrupted run left is damaged; remove it to start afresh"
        ) from error


class _Rows(FeatureFile):
    def __init__(
        self, held: Any, partial: Path, shapes: Mapping[str, tuple[int, ...]], source: str
    ) -> None:
        self._held = held
        if "source" not in held.attrs:
            self._make(shapes)
            held.attrs["done"], held.attrs["source"] = 0, source
            held.flush()
        elif held.attrs["source"] != source:
            raise ConfigError(
                f"{partial}: an interrupted run of another net, source or pooling left it;"
                " remove it, or choose another name"
            )
        self.done = int(held.attrs["done"])

    def _make(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        columns: dict[str, tuple[tuple[int, ...], Any]]
        columns = {name: (shape, np.dtype(np.float32)) for name, shape in shapes.items()}
        columns["names"] = ((), h5py.string_dtype())
        columns["labels"] = ((), np.dtype(np.int64))
        for name, (shape, dtype) in columns.items():
            self._held.require_dataset(
                name, (0, *shape), dtype, maxshape=(None, *shape), chunks=(_ROWS_IN_CHUNK, *shape)
            )

    def write(self, names: Sequence[str], labels: Labels, features: Features) -> None:
        count = self.done + len(names)
        columns = {**features, "names": list(names), "labels": known_labels(labels)}
        row = sum(np.asarray(rows[:1]).nbytes for rows in columns.values())
        refuse_full_disk(self._held.filename, (len(names) + _ROWS_IN_CHUNK) * row)
        for name, rows in columns.items():
            self._held[name].resize(count, axis=0)
            self._held[name][self.done :] = rows
        self._held.flush()
        self._held.attrs["done"] = self.done = count
        self._held.flush()

"""The kinds of databases: which one a folder holds, and which is asked for."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from netdef.data.database_writer import DatabaseWriter
from netdef.data.leveldb_reader import LeveldbReader
from netdef.data.leveldb_writer import LeveldbWriter
from netdef.data.lmdb_environment import is_leveldb, is_lmdb
from netdef.data.lmdb_reader import LmdbReader, Record, View
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import ConfigError

BACKENDS = ("LEVELDB", "LMDB")
_AT_ONCE = 64


class Database(Protocol):
    """The records of a database, in the order of their keys."""

    path: Path
    entries: int

    def read(self, first: int, count: int) -> list[Record]:
        """Return ``count`` records from number ``first`` on, wrapping round at the end."""

    def views(self, first: int, count: int) -> Sequence[tuple[View, View]]:
        """Do as ``read``, but records may be views of the database's own memory."""

    def go_behind(self, record: bytes, number: int) -> None:
        """Let ``read(number, ...)`` go on behind the record of that key, without a search.

        Raises:
            DataError: the record is not there: it is another database.
        """

    def value(self, key: bytes) -> bytes:
        """Return the record of ``key``.

        Raises:
            DataError: there is none.
        """

    def view(self, key: bytes) -> View:
        """Do as ``value``, but it may be a view of the database's own memory."""

    def keys(self) -> list[bytes]:
        """Return all keys, sorted."""

    def close(self) -> None:
        """Let the database go; may be called twice."""


def open_database(path: str | Path, backend: str = "") -> Database:
    """Open the database at ``path`` for reading.

    ``backend`` is data_param's; without it, the folder itself says what it holds.

    Raises:
        ConfigError: the folder is of the other kind.
        MissingFile, DataError: see ``LmdbReader`` and ``LeveldbReader``.
    """
    path = Path(path)
    found = "LMDB" if is_lmdb(path) else "LEVELDB" if is_leveldb(path) else ""
    if backend == "LEVELDB" and found == "LMDB":
        raise ConfigError(
            f"{path}: is an LMDB, but backend is LEVELDB (Caffe's default); set backend: LMDB"
        )
    if backend == "LMDB" and found == "LEVELDB":
        raise ConfigError(f"{path}: is a LevelDB, but backend is LMDB; set backend: LEVELDB")
    return LeveldbReader(path) if (backend or found) == "LEVELDB" else LmdbReader(path)


def records(database: Database) -> Iterator[Record]:
    """Yield every record once, a few at a time in memory."""
    for first in range(0, database.entries, _AT_ONCE):
        yield from database.read(first, min(_AT_ONCE, database.entries - first))


def database_writer(path: str | Path, backend: str, resume_as: str = "") -> DatabaseWriter:
    """Return what writes a new database of that kind.

    Raises:
        ConfigError: there is something at ``path`` already.
        RunError: what writes LevelDBs is not installed.
    """
    kinds = {"LMDB": LmdbWriter, "LEVELDB": LeveldbWriter}
    return kinds[backend](path, resume_as)

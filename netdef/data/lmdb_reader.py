"""Reading an LMDB folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from netdef.errors import DataError, MissingFile, cannot_read

Record = tuple[bytes, bytes]

# LMDB does not let one process open a folder twice: readers share these, with their number.
_environments: dict[Path, tuple[Any, int]] = {}


class LmdbReader:
    """The records of an LMDB, in the order of their keys, round and round.

    Nothing is locked or written where the folder cannot be written to.

    Raises:
        MissingFile: there is no such folder.
        DataError: the folder holds no LMDB, an empty one, or a damaged one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._environment = _open(self.path)
        self._transaction = self._environment.begin()
        self._cursor = self._transaction.cursor()
        self.entries: int = self._transaction.stat()["entries"]
        self._next = self.entries  # the cursor stands nowhere yet
        if not self.entries:
            self.close()
            raise DataError(f"{self.path}: the database is empty; convert the images again")

    def read(self, first: int, count: int) -> list[Record]:
        """Return ``count`` records from number ``first`` on, wrapping round at the end.

        Going on where the last call ended costs nothing; anywhere else, keys are walked
        (of large records the values lie in pages of their own and are not read).
        """
        with _damage(self.path):
            self._go_to(first % self.entries)
            self._next = self.entries
            records = list(self._records(count))
        self._next = (first + count) % self.entries
        return records

    def value(self, key: bytes) -> bytes:
        """Return the record of ``key``.

        Raises:
            DataError: there is none.
        """
        with _damage(self.path):
            value: bytes | None = self._transaction.get(key)
        if value is None:
            raise DataError(f"{self.path}: no record has the key {key_text(key)!r}")
        return value

    def _records(self, count: int) -> Iterator[Record]:
        for _ in range(count):
            yield self._cursor.item()
            if not self._cursor.next():
                self._cursor.first()

    def _go_to(self, number: int) -> None:
        if number < self._next:
            self._cursor.first()
            self._next = 0
        if number > self._next:
            keys = self._cursor.iternext(keys=True, values=False)
            next(islice(keys, number - self._next, None))
            self._next = number

    def close(self) -> None:
        """Let the database go; may be called twice."""
        if self._environment is not None:
            self._cursor.close()
            self._transaction.abort()
            self._environment = None
            _release(self.path)


def key_text(key: bytes) -> str:
    """Return a key as it is shown in messages."""
    return key.decode("utf-8", "backslashreplace")


def is_lmdb(path: Path) -> bool:
    """Whether the folder holds an LMDB."""
    return (path / "data.mdb").is_file()


def is_leveldb(path: Path) -> bool:
    """Whether the folder holds a LevelDB."""
    return (path / "CURRENT").is_file()


def _open(path: Path) -> Any:
    home = path.resolve()
    environment, users = _environments.get(home, (None, 0))
    if environment is None:
        environment = _open_environment(path)
    _environments[home] = (environment, users + 1)
    return environment


def _release(path: Path) -> None:
    home = path.resolve()
    environment, users = _environments.pop(home)
    if users > 1:
        _environments[home] = (environment, users - 1)
    else:
        environment.close()


def _open_environment(path: Path) -> Any:
    import lmdb

    _check_folder(path)
    lock = path / "lock.mdb"
    locks = os.access(path, os.W_OK) and lock.exists() and os.access(lock, os.W_OK)
    with _damage(path):
        environment = lmdb.open(str(path), readonly=True, lock=locks, max_dbs=0)
    try:
        _check_length(path, environment)
    except DataError:
        environment.close()
        raise
    return environment


def _check_folder(path: Path) -> None:
    if not path.exists():
        raise MissingFile(f"{path}: no such file or folder")
    if not path.is_dir():
        raise DataError(f"{path}: is a file; an LMDB is a folder that holds data.mdb")
    if not is_lmdb(path):
        raise DataError(f"{path}: is no LMDB, for it holds no data.mdb")
    try:
        with (path / "data.mdb").open("rb") as file:
            begins = file.read(1)
    except OSError as error:
        raise cannot_read(path / "data.mdb", error) from error
    if not begins:
        raise DataError(f"{path}: its data.mdb has 0 bytes; convert the images again")


def _check_length(path: Path, environment: Any) -> None:
    """Refuse a file that was cut short: reading beyond its end would kill the process."""
    expected = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    length = (path / "data.mdb").stat().st_size
    if length < expected:
        raise DataError(
            f"{path}: its data.mdb has {length} bytes of {expected}; it was cut short, so copy "
            "or convert it again"
        )


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn what LMDB says of a database it cannot read into a DataError."""
    import lmdb

    try:
        yield
    except lmdb.Error as error:
        reason = str(error).rsplit(": ", 1)[-1]
        raise DataError(
            f"{path}: LMDB cannot read it ({reason}); copy or convert it again"
        ) from error

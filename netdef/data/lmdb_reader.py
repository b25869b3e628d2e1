"""Reading an LMDB folder."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from netdef.data.lmdb_environment import naming_damage, release_environment, share_environment
from netdef.errors import DataError

Record = tuple[bytes, bytes]
View = bytes | memoryview
"""Bytes, or a look at them in the database's own memory: to be read, and not after ``close``."""


class LmdbReader:
    """The records of an LMDB, in the order of their keys, round and round.

    Nothing is locked or written where the folder cannot be written to.

    Raises:
        MissingFile: there is no such folder.
        DataError: the folder holds no LMDB, an empty one, or a damaged one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._home, environment = share_environment(self.path)
        self._transaction = environment.begin(buffers=True)
        self._cursor: Any = self._transaction.cursor()
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
        return [(bytes(key), bytes(value)) for key, value in self.views(first, count)]

    def views(self, first: int, count: int) -> Sequence[tuple[View, View]]:
        """Do as ``read``, without a copy."""
        with naming_damage(self.path):
            self._go_to(first % self.entries)
            records = list(self._records(count))
        self._next = (first + count) % self.entries
        return records

    def go_behind(self, record: bytes, number: int) -> None:
        """Let ``read(number, ...)`` go on behind the record of that key, without a search.

        Raises:
            DataError: the record is not there: it is another database.
        """
        self._next = self.entries  # nowhere, until the record is found
        with naming_damage(self.path):
            if not self._cursor.set_key(record):
                raise another_database(self.path, record)
            if not self._cursor.next():
                self._cursor.first()
        self._next = number % self.entries

    def value(self, key: bytes) -> bytes:
        """Return the record of ``key``.

        Raises:
            DataError: there is none.
        """
        return bytes(self.view(key))

    def view(self, key: bytes) -> View:
        """Do as ``value``, without a copy."""
        with naming_damage(self.path):
            value: View | None = self._transaction.get(key)
        if value is None:
            raise DataError(f"{self.path}: no record has the key {key_text(key)!r}")
        return value

    def keys(self) -> list[bytes]:
        """Return all keys, sorted."""
        with naming_damage(self.path), self._transaction.cursor() as cursor:
            return [bytes(key) for key in cursor.iternext(values=False)]

    def _records(self, count: int) -> Iterator[tuple[memoryview, memoryview]]:
        """Yield records from where the cursor stands, and let it stand behind them."""
        while count:
            # One call for many: the cursor stands at the last one afterwards.
            taken = list(islice(self._cursor.iternext(), count))
            count -= len(taken)
            yield from taken
            if not self._cursor.next():
                self._cursor.first()

    def _go_to(self, number: int) -> None:
        here, self._next = self._next, self.entries  # nowhere, until the reading succeeds
        if number < here:
            self._cursor.first()
            here = 0
        for _ in range(number - here):
            self._cursor.next()

    def close(self) -> None:
        """Let the database go; may be called twice."""
        if self._cursor is not None:
            self._cursor.close()
            self._transaction.abort()
            self._cursor = None
            release_environment(self._home)


def another_database(path: Path, record: bytes) -> DataError:
    """Return the error that a database lacks the record behind which to go on."""
    return DataError(
        f"{path}: has no record {key_text(record)!r}, behind which the snapshot goes on, in its"
        " place: it is another database, or was changed; take the one of that run, or begin anew"
        " with --weights"
    )


def key_text(key: bytes) -> str:
    """Return a key as it is shown in messages."""
    return key.decode("utf-8", "backslashreplace")

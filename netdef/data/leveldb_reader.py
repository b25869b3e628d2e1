"""Reading a LevelDB folder."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from netdef.data.leveldb_log import live_files, log_entries
from netdef.data.leveldb_table import Block, Entry, block_entries, codecs, table_blocks
from netdef.data.lmdb_reader import Record, View, another_database, key_text
from netdef.errors import DataError, MissingFile

_BLOCKS_KEPT = 16


class LeveldbReader:
    """The records of a LevelDB, in the order of their keys, round and round.

    Opening reads the whole database once, for LevelDB keeps no count of its records; then
    only keys stay in memory, and the values of the log. Nothing is locked or written.

    Raises:
        MissingFile: there is no such folder.
        DataError: the folder holds no LevelDB, an empty one, or a damaged one.
        RunError: the packages of the extra ``leveldb`` are not installed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise MissingFile(f"{path}: no such file or folder")
        if not (self.path / "CURRENT").is_file():
            raise DataError(f"{path}: is no LevelDB, for it holds no CURRENT")
        codecs()
        newest: dict[bytes, tuple[int, Block | bytes | None]] = {}
        for entry, place in self._writes():
            if entry.key not in newest or newest[entry.key][0] < entry.sequence:
                newest[entry.key] = entry.sequence, place
        self._places = {k: newest[k][1] for k in sorted(newest) if newest[k][1] is not None}
        self._keys = list(self._places)
        self.entries = len(self._keys)
        # Neighbouring keys share blocks.
        self._block = lru_cache(_BLOCKS_KEPT)(_values)
        if not self.entries:
            raise DataError(f"{self.path}: the database is empty; convert the images again")

    def _writes(self) -> Iterator[tuple[Entry, Block | bytes | None]]:
        """Yield every write, and where its value is: in a block, at hand, or nowhere."""
        live = live_files(self.path)
        for number in live.tables:
            for block in table_blocks(self._table(number)):
                for entry in block_entries(block):
                    yield entry, None if entry.value is None else block
        for log in sorted(self.path.glob("*.log")):
            if int(log.stem) >= live.log:
                for entry in log_entries(log):
                    yield entry, entry.value

    def _table(self, number: int) -> Path:
        """Return a table's file, whose ending was another before LevelDB 1.14."""
        path = self.path / f"{number:06}.ldb"
        return path if path.exists() else path.with_suffix(".sst")

    def read(self, first: int, count: int) -> list[Record]:
        """Return ``count`` records from number ``first`` on, wrapping round at the end."""
        numbers = ((first + i) % self.entries for i in range(count))
        return [(key, self.value(key)) for key in (self._keys[n] for n in numbers)]

    def views(self, first: int, count: int) -> Sequence[tuple[View, View]]:
        """Do as ``read``: records are not where they could be looked at."""
        return self.read(first, count)

    def go_behind(self, record: bytes, number: int) -> None:
        """See that ``read(number, ...)`` goes on behind the record of that key.

        Raises:
            DataError: it does not: it is another database.
        """
        if self._keys[(number - 1) % self.entries] != record:
            raise another_database(self.path, record)

    def value(self, key: bytes) -> bytes:
        """Return the record of ``key``.

        Raises:
            DataError: there is none.
        """
        place = self._places.get(key)
        if place is None:
            raise DataError(f"{self.path}: no record has the key {key_text(key)!r}")
        return place if isinstance(place, bytes) else self._block(place)[key]

    def view(self, key: bytes) -> View:
        """Do as ``value``."""
        return self.value(key)

    def keys(self) -> list[bytes]:
        """Return all keys, sorted."""
        return self._keys

    def close(self) -> None:
        """Let the database go; may be called twice."""
        self._block.cache_clear()


def _values(block: Block) -> dict[bytes, bytes]:
    """Return the newest value of each key of a block; its writes come newest first."""
    return {e.key: e.value for e in reversed(block_entries(block)) if e.value is not None}

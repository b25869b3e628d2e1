"""The logs of a LevelDB: the latest writes, and which files the database is made of.

The formats are those of github.com/google/leveldb, doc/log_format.md and doc/impl.md.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from netdef.data.leveldb_table import Entry, check_sum, damaged, varint
from netdef.errors import DataError, at, cannot_read

_BLOCK = 32768
_HEAD = 7
_FULL, _FIRST, _LAST = 1, 2, 4
_LOG, _NEXT_FILE, _LAST_SEQUENCE, _PREVIOUS_LOG = 2, 3, 4, 9
_COMPARATOR, _COMPACTED, _DELETED, _NEW = 1, 5, 6, 7


class LiveFiles(NamedTuple):
    """The numbers of the tables that make up a database, and of the first log beyond them."""

    tables: list[int]
    log: int


def live_files(folder: Path) -> LiveFiles:
    """Return what the database's manifest names.

    Raises:
        DataError: the manifest is missing or damaged.
    """
    name = _content(folder / "CURRENT").decode("ascii", "replace").strip()
    tables: set[int] = set()
    log = 0
    for edit in log_records(folder / name):
        with at(str(folder / name)):
            for tag, number in _changes(edit):
                if tag == _NEW:
                    tables.add(number)
                elif tag == _DELETED:
                    tables.discard(number)
                elif tag == _LOG:
                    log = number
    return LiveFiles(sorted(tables), log)


def log_entries(path: Path) -> Iterator[Entry]:
    """Yield the writes of a log.

    Raises:
        DataError: the log is damaged.
    """
    for batch in log_records(path):
        sequence, count = (int.from_bytes(b, "little") for b in (batch[:8], batch[8:12]))
        position = 12
        for number in range(sequence, sequence + count):
            puts = batch[position]
            key, position = _piece(batch, position + 1)
            value = None
            if puts:
                value, position = _piece(batch, position)
            yield Entry(key, number, value)


def log_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a log; one that was being written when the writer died is left out.

    Raises:
        DataError: the log is damaged.
    """
    content, position, record = _content(path), 0, b""
    while position + _HEAD <= len(content):
        if position % _BLOCK > _BLOCK - _HEAD:  # no room for a head: the block's end is empty
            position += _BLOCK - position % _BLOCK
            continue
        size = int.from_bytes(content[position + 4 : position + 6], "little")
        kind, end = content[position + 6], position + _HEAD + size
        if end > len(content) or not (size or kind):  # room that was never written
            return
        with at(str(path)):
            check_sum(content[position + 6 : end], content[position : position + 4])
        part = content[position + _HEAD : end]
        record = part if kind in (_FULL, _FIRST) else record + part
        if kind in (_FULL, _LAST):
            yield record
        position = end


def _changes(edit: bytes) -> Iterator[tuple[int, int]]:
    """Yield the tags of an edit, each with the log's or the file's number where it has one."""
    position = 0
    while position < len(edit):
        tag, position = varint(edit, position)
        number = 0
        if tag == _COMPARATOR:  # its name
            _, position = _piece(edit, position)
        elif tag in (_LOG, _NEXT_FILE, _LAST_SEQUENCE, _PREVIOUS_LOG):
            number, position = varint(edit, position)
        elif tag == _COMPACTED:  # a level and the key up to which it was compacted
            _, position = varint(edit, position)
            _, position = _piece(edit, position)
        elif tag in (_DELETED, _NEW):  # a level and a file
            _, position = varint(edit, position)
            number, position = varint(edit, position)
            if tag == _NEW:  # its size, its least and its largest key
                _, position = varint(edit, position)
                _, position = _piece(edit, position)
                _, position = _piece(edit, position)
        else:
            raise damaged(f"an edit has the unknown tag {tag}")
        yield tag, number


def _piece(data: bytes, position: int) -> tuple[bytes, int]:
    """Return the bytes whose length stands at ``position``, and their end."""
    size, position = varint(data, position)
    return data[position : position + size], position + size


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(str(cannot_read(path, error))) from error

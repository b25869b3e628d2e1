"""The files of a LevelDB: tables of sorted records, in blocks with checksums.

The format is that of github.com/google/leveldb, doc/table_format.md.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from netdef.errors import DataError, RunError, at, cannot_read

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_TRAILER = 5  # a byte for the compression, four for the checksum
_SNAPPY = 1
_PUT = 1


class Entry(NamedTuple):
    """One write: a key, the number of the write, and the value, or None if it deletes."""

    key: bytes
    sequence: int
    value: bytes | None


class Block(NamedTuple):
    """Where a block lies in its file."""

    path: Path
    offset: int
    size: int


def table_blocks(path: Path) -> list[Block]:
    """Return the blocks of records of a table, in the order of their keys.

    Raises:
        DataError: the file is missing or damaged.
    """
    with at(str(path)):
        footer = _bytes_of(path, max(0, _length(path) - _FOOTER), _FOOTER)
        if len(footer) < _FOOTER or int.from_bytes(footer[-8:], "little") != _MAGIC:
            raise damaged("it was cut short")
        _, at_byte = _handle(footer, 0)
        index, _ = _handle(footer, at_byte)
        handles = [_handle(value, 0)[0] for _, value in _pairs(_content(Block(path, *index)))]
        return [Block(path, *handle) for handle in handles]


def block_entries(block: Block) -> list[Entry]:
    """Return the writes of a block.

    Raises:
        DataError: the file is missing or damaged.
    """
    with at(str(block.path)):
        return [_entry(key, value) for key, value in _pairs(_content(block))]


def damaged(reason: str) -> DataError:
    """Return the error about a file of a LevelDB that does not read."""
    return DataError(f"is damaged ({reason}); copy or convert the database again")


def check_sum(content: bytes, stored: bytes) -> None:
    """Refuse content whose masked CRC-32C is not the one that was stored."""
    crc32c, _ = codecs()
    crc = crc32c(content)
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    if masked != int.from_bytes(stored, "little"):
        raise damaged("a checksum is wrong")


def codecs() -> tuple[Callable[[bytes], int], Callable[[bytes], Any]]:
    """Return the functions that compute CRC-32C and undo Snappy.

    Raises:
        RunError: their packages are not installed.
    """
    try:
        from cramjam import snappy
        from google_crc32c import value
    except ImportError as error:
        raise RunError(
            f"LevelDB needs the package {error.name}, which is not installed; "
            "pip install 'netdef[leveldb]'"
        ) from error
    return value, snappy.decompress_raw


def varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the number that begins at ``position``, seven bits a byte, and its end."""
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    offset, position = varint(data, position)
    size, position = varint(data, position)
    return (offset, size), position


def _content(block: Block) -> bytes:
    """Return what a block holds, its checksum tested and its compression undone."""
    stored = _bytes_of(block.path, block.offset, block.size + _TRAILER)
    if len(stored) < block.size + _TRAILER:
        raise damaged("it was cut short")
    check_sum(stored[:-4], stored[-4:])
    if stored[block.size] == _SNAPPY:
        _, decompress = codecs()
        return bytes(decompress(stored[: block.size]))
    if stored[block.size]:
        raise DataError("is compressed by something other than Snappy; write it without")
    return stored[: block.size]


def _pairs(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values; a key is what it shares with the one before, and its own rest."""
    restarts = int.from_bytes(content[-4:], "little")
    end, position, key = len(content) - 4 * (restarts + 1), 0, b""
    while position < end:
        shared, position = varint(content, position)
        own, position = varint(content, position)
        size, position = varint(content, position)
        key = key[:shared] + content[position : position + own]
        position += own + size
        yield key, content[position - size : position]


def _entry(key: bytes, value: bytes) -> Entry:
    """Part the number and the kind of a write from its key."""
    number = int.from_bytes(key[-8:], "little")
    return Entry(key[:-8], number >> 8, value if number & 0xFF == _PUT else None)


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DataError("is missing; copy or convert the database again") from error


def _bytes_of(path: Path, offset: int, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            return os.pread(file.fileno(), count, offset)
    except OSError as error:
        raise DataError(str(cannot_read(path.name, error))) from error

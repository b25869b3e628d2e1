"""Protobuf's wire format, one field after the other.

Big arrays are neither copied nor looked at value by value, and what a fork of Caffe put
under numbers of its own is stepped over.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

from netdef.errors import WeightsError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field: an int for a varint, else the bytes.

    Raises:
        WeightsError: the message is damaged or cut off.
    """
    for field, value, _ in spans(message):
        yield field, value


def spans(message: memoryview) -> Iterator[tuple[int, int | memoryview, memoryview]]:
    """Yield number and value of each field as ``fields`` does, and all its bytes, head included.

    Raises:
        WeightsError: the message is damaged or cut off.
    """
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        field, kind = tag >> 3, tag & 7
        if field == 0 or kind not in (VARINT, FIXED64, BYTES, FIXED32):
            raise WeightsError("is damaged: a field of it has no meaning")
        if kind == VARINT:
            value, at = _varint(message, at)
            yield field, value, message[start:at]
            continue
        length = _FIXED.get(kind)
        if length is None:
            length, at = _varint(message, at)
        if at + length > len(message):
            missing = at + length - len(message)
            raise WeightsError(f"is cut off or damaged: at least {missing} bytes are missing")
        yield field, message[at : at + length], message[start : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    for index in range(at, min(at + 10, len(message))):
        value |= (message[index] & 0x7F) << shift
        shift += 7
        if message[index] < 0x80:
            return value, index + 1
    raise WeightsError("is cut off or damaged: a number in it does not end")


def varints(packed: memoryview) -> Iterator[int]:
    """Yield the numbers of a packed field.

    Raises:
        WeightsError: the last one is cut off.
    """
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def varint(value: int) -> bytes:
    """Return a number from 0 up as a varint."""
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def head(field: int, length: int) -> bytes:
    """Return what comes before the ``length`` bytes of field ``field``."""
    return varint(field << 3 | BYTES) + varint(length)


def inner(value: int | memoryview) -> memoryview:
    """Return the bytes of a field that holds a message or a string.

    Raises:
        WeightsError: it holds a number.
    """
    if isinstance(value, int):
        raise WeightsError("is damaged or of another kind: a number stands where a message should")
    return value


def number(value: int | memoryview) -> int:
    """Return the number that a field holds.

    Raises:
        WeightsError: it holds bytes.
    """
    if isinstance(value, int):
        return value
    raise WeightsError("is damaged or of another kind: a message stands where a number should")


def text(value: int | memoryview) -> str:
    """Return the string that a field holds.

    Raises:
        WeightsError: it holds none.
    """
    try:
        return str(inner(value), "utf-8")
    except UnicodeDecodeError:
        raise WeightsError("is damaged: a name in it is no text") from None

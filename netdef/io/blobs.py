"""Arrays as BlobProto, and the files that hold one: mean images."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import WeightsError, at
from netdef.io.content import read_content
from netdef.io.whole_file import writing_whole
from netdef.io.wire import fields, head, inner, number, varint, varints
from netdef.proto import BlobProto

Array = NDArray[np.float32]
Found = dict[int, list[int | memoryview]]

_SHAPE, _DIM, _DATA, _DIFF, _DOUBLE_DATA = 7, 1, 5, 6, 8
_OLD_AXES = (1, 2, 3, 4)
_RAW_TYPE, _RAW_DATA = 10, 12
RAW_TYPES = {0: "<f8", 1: "<f4", 2: "<f2", 3: "<i4", 4: "<u4", 5: "?"}
"""NVCaffe's numbers of the types of raw_data."""


def array_of(blob: BlobProto) -> Array:
    """Return the values of a blob as float32.

    Raises:
        WeightsError: the values do not fill the shape.
    """
    return array_from(memoryview(blob.SerializeToString()))


def array_from(message: memoryview) -> Array:
    """Return the values of a serialized BlobProto as float32, in an array of its own.

    Takes data, double_data and NVCaffe's raw_data. The old shape num, channels, height, width
    makes four axes.

    Raises:
        WeightsError: the message is damaged, or its values do not fill the shape.
    """
    found: Found = {}
    for field, value in fields(message):
        found.setdefault(field, []).append(value)
    values = _values(found)
    shape = _shape(found, len(values))
    if len(values) != math.prod(shape):
        raise WeightsError(f"is damaged: a blob of shape {shape} holds {len(values)} values")
    return values.reshape(shape)


def _values(found: Found) -> Array:
    kinds = {_DATA: "<f4", _DOUBLE_DATA: "<f8"}
    if _RAW_DATA in found:
        raw_type = number(found.get(_RAW_TYPE, [0])[-1])
        if raw_type not in RAW_TYPES:
            raise WeightsError(f"holds raw_data of the unknown type {raw_type}")
        kinds[_RAW_DATA] = RAW_TYPES[raw_type]
    for field, kind in kinds.items():
        if field in found:
            return _joined([inner(part) for part in found[field]], np.dtype(kind))
    return np.empty(0, np.float32)


def _joined(parts: list[memoryview], kind: np.dtype[Any]) -> Array:
    content = parts[0] if len(parts) == 1 else b"".join(parts)
    if len(content) % kind.itemsize:
        raise WeightsError("is damaged: a blob ends in the middle of a value")
    # The bytes lie at an odd address in the file: NumPy copies them fast only as bytes.
    return np.frombuffer(content, np.uint8).copy().view(kind).astype(np.float32, copy=False)


def _shape(found: Found, count: int) -> tuple[int, ...]:
    if _SHAPE in found:
        return tuple(dim for part in found[_SHAPE] for dim in _dims(inner(part)))
    if any(axis in found for axis in _OLD_AXES):
        return tuple(number(found.get(axis, [0])[-1]) for axis in _OLD_AXES)
    return (count,)


def _dims(shape: memoryview) -> Iterator[int]:
    for field, value in fields(shape):
        if field == _DIM:
            yield from [value] if isinstance(value, int) else varints(value)


def blob_of(array: NDArray[Any]) -> BlobProto:
    """Return an array as a blob of float32."""
    return BlobProto.FromString(b"".join(pieces(array)))


def pieces(array: NDArray[Any], diff: NDArray[Any] | None = None) -> list[bytes | memoryview]:
    """Return a serialized BlobProto of float32 in pieces; values and gradients are not copied."""
    dims = b"".join(map(varint, array.shape))
    shape = head(_DIM, len(dims)) + dims
    parts: list[bytes | memoryview] = [head(_SHAPE, len(shape)), shape]
    parts += _floats(_DATA, array)
    if diff is not None:
        parts += _floats(_DIFF, diff)
    return parts


def _floats(field: int, array: NDArray[Any]) -> list[bytes | memoryview]:
    values: NDArray[Any] = np.ascontiguousarray(array, "<f4")
    return [head(field, values.nbytes), values.reshape(-1).view(np.uint8).data]


def read_blob(path: Path | str) -> Array:
    """Read a file of one BlobProto, such as a mean image.

    Raises:
        MissingFile: the file cannot be read.
        WeightsError: it is damaged or of another kind.
    """
    content = read_content(path)
    with at(str(path)):
        array = array_from(content)
        if not array.size:
            raise WeightsError("holds no values; a BlobProto (mean.binaryproto) is expected")
        return array


def write_blob(path: Path | str, array: NDArray[Any]) -> None:
    """Write a file of one BlobProto.

    Raises:
        RunError: the file cannot be written.
    """
    with writing_whole(path) as file:
        file.writelines(pieces(array))

"""Files of tensors by name: ``.safetensors``.

A file is eight bytes, little-endian, with the length of a JSON header; the header, which gives
each tensor its ``dtype``, ``shape`` and ``data_offsets``; and the numbers, row by row.
"""

import json
import math
from operator import index
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netdef.errors import DataError, at
from netdef.io.content import read_content

_KINDS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip
_LENGTH = 8


def read_safetensors(path: str | Path) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file by name; those of fractions are float32.

    Raises:
        MissingFile: the file cannot be read.
        DataError: it is damaged or of another kind.
    """
    content = read_content(path)
    with at(str(path)):
        try:
            end = _LENGTH + int.from_bytes(content[:_LENGTH], "little")
            header = json.loads(bytes(content[_LENGTH:end]))
            header.pop("__metadata__", None)
            entries = [_entry(name, told) for name, told in header.items()]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError("is no safetensors file, or its header is damaged") from error
        data = content[end:]
        return {entry.name: _tensor(entry, data) for entry in entries}


class _Entry(NamedTuple):
    """What the header says of a tensor."""

    name: str
    kind: str
    shape: list[int]
    start: int
    stop: int


def _entry(name: str, told: dict[str, Any]) -> _Entry:
    start, stop = map(index, told["data_offsets"])
    return _Entry(name, told["dtype"], [index(n) for n in told["shape"]], start, stop)


def _tensor(entry: _Entry, data: memoryview) -> NDArray[Any]:
    name, kind, shape, start, stop = entry
    if kind not in _KINDS:
        raise DataError(f"tensor {name!r} is of {kind}, which no layer takes; save it as F32")
    dtype = np.dtype(_KINDS[kind])
    if not 0 <= start <= stop <= len(data) or stop - start != math.prod(shape) * dtype.itemsize:
        raise DataError(f"tensor {name!r} is not whole; the file is cut or damaged")
    values = np.frombuffer(data[start:stop], dtype).reshape(shape)
    if kind == "BF16":  # the upper half of a float32
        return (values.astype("<u4") << 16).view("<f4")
    return values.astype(np.float32) if dtype.kind == "f" else values

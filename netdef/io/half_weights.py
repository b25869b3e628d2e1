"""Weights as 16-bit floats: NVCaffe's ``raw_data``, or HDF5."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netdef.io.blobs import RAW_TYPES
from netdef.io.hdf5 import add_array, writing_hdf5
from netdef.io.layer_forms import LAYER, TODAY
from netdef.io.weights import Parts, write_parts
from netdef.io.wire import head, varint
from netdef.proto import BlobShape, NetParameter

Halves = Mapping[str, Sequence[NDArray[np.float16]]]

_SHAPE, _RAW_TYPE, _RAW_DATA = 7, 10, 12
_HALF = next(number for number, kind in RAW_TYPES.items() if kind == "<f2")


def write_half_binary(path: Path | str, net: NetParameter, blobs: Halves) -> None:
    """Write a net's layers with their blobs as ``raw_data``.

    Raises:
        RunError: the file cannot be written.
        WeightsError: it would be larger than 2 GiB.
    """
    parts: Parts = []
    for layer in net.layer:
        own: Parts = [layer.SerializeToString()]
        for blob in blobs.get(layer.name, ()):
            pieces = _pieces(blob)
            own += [head(TODAY.blobs, sum(map(len, pieces))), *pieces]
        parts += [head(LAYER, sum(map(len, own))), *own]
    write_parts(path, parts, "end its name with .h5")


def _pieces(blob: NDArray[np.float16]) -> Parts:
    shape = BlobShape(dim=blob.shape).SerializeToString()
    values = np.ascontiguousarray(blob, "<f2").tobytes()
    kind = varint(_RAW_TYPE << 3) + varint(_HALF)
    return [head(_SHAPE, len(shape)), shape, kind, head(_RAW_DATA, len(values)), values]


def write_half_hdf5(path: Path | str, net: NetParameter, blobs: Halves) -> None:
    """Write a net's layers with their blobs as 16-bit datasets.

    Raises:
        RunError: the file cannot be written.
    """
    with writing_hdf5(path) as file:
        data = file.create_group("data", track_order=True)
        for layer in net.layer:
            group = data.require_group(layer.name)
            for index, blob in enumerate(blobs.get(layer.name, ())):
                add_array(group, str(index), blob)

"""Weights as HDF5: ``/data/<layer>/<index>``, as Caffe lays them out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import WeightsError, at
from netdef.io.blobs import Array
from netdef.io.hdf5 import arrays, reading_hdf5, writing_hdf5

if TYPE_CHECKING:
    import h5py


def read(path: Path | str) -> dict[str, list[Array]]:
    """Return the blobs of every layer that has some.

    Raises:
        WeightsError: the file is damaged or of another kind.
    """
    with reading_hdf5(path) as file:
        if "history" in file:
            raise WeightsError("is a solver's state; give the weights (.caffemodel.h5) beside it")
        if "data" not in file:
            raise WeightsError("holds no layers; weights (.caffemodel.h5) are expected")
        return {name: _blobs(name, group) for name, group in file["data"].items() if len(group)}


def _blobs(name: str, group: "h5py.Group") -> list[Array]:
    with at(f"layer {name!r}"):
        return arrays(group)


def write(path: Path | str, blobs: Mapping[str, Sequence[NDArray[Any]]]) -> None:
    """Write the blobs of every layer.

    Raises:
        RunError: the file cannot be written.
    """
    with writing_hdf5(path) as file:
        data = file.create_group("data", track_order=True)
        for name, layer in blobs.items():
            group = data.create_group(name)
            for index, blob in enumerate(layer):
                group[str(index)] = np.asarray(blob, np.float32)

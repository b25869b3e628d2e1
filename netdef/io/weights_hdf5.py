"""Weights as HDF5: ``/data/<layer>/<index>``, as Caffe lays them out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import WeightsError, at
from netdef.io.blobs import Array
from netdef.io.hdf5 import add_array, arrays, groups, is_group, reading_hdf5, writing_hdf5

if TYPE_CHECKING:
    import h5py

Blobs = Mapping[str, Sequence[NDArray[Any]]]


def read(path: Path | str) -> dict[str, list[Array]]:
    """Return the blobs of every layer; a slash in a layer's name makes a group in a group.

    Raises:
        WeightsError: the file is damaged or of another kind.
    """
    with reading_hdf5(path) as file:
        if "history" in file:
            raise WeightsError("is a solver's state; give the weights (.caffemodel.h5) beside it")
        if "data" not in file or not is_group(file["data"]):
            raise WeightsError("holds no layers; weights (.caffemodel.h5) are expected")
        return dict(_layers(file["data"], ""))


def _layers(group: "h5py.Group", prefix: str) -> Iterator[tuple[str, list[Array]]]:
    for name, layer in groups(group):
        with at(f"layer {prefix + name!r}"):
            blobs = arrays(layer)
        if blobs or not len(layer):
            yield prefix + name, blobs
        yield from _layers(layer, f"{prefix}{name}/")


def write(path: Path | str, layers: Iterable[str], blobs: Blobs, diffs: Blobs | None) -> None:
    """Write the blobs of every layer, and an empty group for a layer without.

    Gradients go to ``/diff/<layer>/<index>``.

    Raises:
        RunError: the file cannot be written.
    """
    names = list(layers)
    with writing_hdf5(path) as file:
        for kind, arrays_of in (("data", blobs), ("diff", diffs)):
            if arrays_of is not None:
                _fill(file.create_group(kind, track_order=True), names, arrays_of)


def _fill(group: "h5py.Group", layers: Iterable[str], blobs: Blobs) -> None:
    for name in layers:
        layer = group.require_group(name)
        for index, blob in enumerate(blobs.get(name, ())):
            add_array(layer, str(index), np.asarray(blob, np.float32))

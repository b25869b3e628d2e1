"""Weights in another format, precision, or today's form of layers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from netdef.errors import WeightsError
from netdef.io.blobs import Array
from netdef.io.half_weights import write_half_binary, write_half_hdf5
from netdef.io.weights import Format, LayerWeights, write_weights
from netdef.proto import NetParameter

Precision = Literal["f32", "f16"]
_LARGEST_HALF = float(np.finfo(np.float16).max)
_BIASED = ("Convolution", "Deconvolution", "InnerProduct")


def write_layers(
    path: Path | str, layers: Mapping[str, LayerWeights], precision: Precision = "f32"
) -> None:
    """Write layers' names, types and blobs: HDF5 if the name ends in .h5 or .hdf5, else binary.

    Halves are ``raw_data`` in the binary form, which NVCaffe and netdef read but BVLC's Caffe
    does not, and 16-bit datasets in HDF5, which the HDF5 library widens for every reader.

    Raises:
        WeightsError: a value is too large for a half, or the file for Caffe.
        RunError: the file cannot be written.
    """
    blobs = {n: [today(b, layer.type, i) for i, b in enumerate(layer.blobs)]
             for n, layer in layers.items()}  # fmt: skip
    is_hdf5 = Path(path).suffix.lower() in (".h5", ".hdf5")
    net = NetParameter()
    for name, layer in layers.items():
        net.layer.add(name=name, type=layer.type)
    if precision == "f32":
        kind: Format = "HDF5" if is_hdf5 else "BINARYPROTO"
        write_weights(path, net, blobs, kind, mend="end its name with .h5")
        return
    halves = {name: [_half(blob, name) for blob in own] for name, own in blobs.items()}
    (write_half_hdf5 if is_hdf5 else write_half_binary)(path, net, halves)


def today(blob: Array, type: str, index: int) -> Array:
    """Return a blob in today's shape: (1, 1, N, K) of an inner product as (N, K).

    Biases were (1, 1, 1, N) and are (N,). Caffe refuses the old shapes in the new form.
    """
    if type in _BIASED and index == 1 and blob.shape[:-1] == (1, 1, 1):
        return blob.reshape(-1)
    if type == "InnerProduct" and blob.ndim == 4 and blob.shape[:2] == (1, 1):
        return blob.reshape(blob.shape[2:])
    return blob


def _half(blob: Array, layer: str) -> NDArray[np.float16]:
    finite = blob[np.isfinite(blob)]
    largest = float(np.abs(finite).max(initial=0))
    # Rounding to even takes what is less than half a step above the largest back to it.
    if largest >= _LARGEST_HALF + 16:
        raise WeightsError(
            f"layer {layer!r} has a value of {largest:g}, more than the {_LARGEST_HALF:g} that f16"
            " can hold; keep f32"
        )
    return blob.astype(np.float16)


def rounding(blobs: Sequence[NDArray[Any]]) -> tuple[float, int]:
    """Return the largest error of rounding to f16, and how many values become 0 by it."""
    errors, zeros = [0.0], 0
    for blob in blobs:
        finite = blob[np.isfinite(blob)]
        half = finite.astype(np.float16)
        errors.append(float(np.abs(half.astype(np.float32) - finite).max(initial=0)))
        zeros += int(((half == 0) & (finite != 0)).sum())
    return max(errors), zeros

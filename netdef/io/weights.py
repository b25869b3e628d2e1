"""Weights by the name of their layer: ``.caffemodel``, binary or HDF5."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from netdef.errors import WeightsError, at
from netdef.io import weights_hdf5
from netdef.io.blobs import Array, array_from, pieces
from netdef.io.content import is_hdf5, read_content
from netdef.io.layer_forms import LAYER, LAYERS, TODAY, V0, V0_LAYER, V1, Form
from netdef.io.weights_hdf5 import Blobs
from netdef.io.whole_file import writing_whole
from netdef.io.wire import fields, head, inner, text
from netdef.proto import LayerParameter, NetParameter
from netdef.proto.old_types import V0_TYPES, V1_TYPES
from netdef.zoo_names import found_file

Format = Literal["BINARYPROTO", "HDF5"]
Parts = list[bytes | memoryview]
LARGEST = 2**31 - 1


@dataclass
class LayerWeights:
    """The weights of one layer; HDF5 files do not tell its type."""

    name: str
    type: str = ""
    blobs: list[Array] = field(default_factory=list)


def read_weights(path: Path | str) -> dict[str, LayerWeights]:
    """Read the layers of a ``.caffemodel`` or ``.caffemodel.h5``, in the file's order.

    ``zoo:lenet`` are the weights of that name in the zoo. Which of the two a file is, its first
    bytes tell. Layers without weights are there too. A
    blob that HDF5 leaves out, because another layer owns it, is an empty array.

    Raises:
        MissingFile: the file cannot be read.
        WeightsError: it is damaged or of another kind.
    """
    path = found_file(path, "weights")
    if is_hdf5(path):
        found = weights_hdf5.read(path)
        return {name: LayerWeights(name, "", blobs) for name, blobs in found.items()}
    content = read_content(path)
    with at(str(path)):
        layers = {layer.name: layer for layer in _layers(content)}
        if not layers:
            raise WeightsError("holds no layers; weights (.caffemodel) are expected")
        return layers


def _layers(net: memoryview) -> Iterator[LayerWeights]:
    for number, value in fields(net):
        is_number = isinstance(value, int)
        if (number == 5 and not is_number) or (number == 1 and is_number and _is_blob(net)):
            raise WeightsError("is a single blob (a mean image?); weights are expected")
        if number == 1 and is_number:
            raise WeightsError("is a solver's state; give the weights (.caffemodel) beside it")
        if number in (LAYER, LAYERS):
            yield _layer(inner(value), TODAY if number == LAYER else V1)


def _is_blob(message: memoryview) -> bool:
    """Tell a blob of the old shape from a solver's state: both begin with a number."""
    return any(number == 2 and isinstance(value, int) for number, value in fields(message))


def _layer(message: memoryview, form: Form) -> LayerWeights:
    found = list(fields(message))
    if form is V1:
        for number, value in found:
            if number == V0_LAYER:
                inside = _layer(inner(value), V0)
                inside.blobs += _blobs(found, form, inside.name)
                return inside
    named = dict(found)
    name = text(named.get(form.name, memoryview(b"")))
    return LayerWeights(name, _type(named.get(form.type), form), _blobs(found, form, name))


def _type(value: int | memoryview | None, form: Form) -> str:
    if value is None:
        return ""
    if form is V1:
        return V1_TYPES.get(value, "") if isinstance(value, int) else ""
    name = text(value)
    return V1_TYPES[V0_TYPES[name]] if form is V0 and name in V0_TYPES else name


def _blobs(found: Iterable[tuple[int, int | memoryview]], form: Form, name: str) -> list[Array]:
    blobs = [inner(value) for number, value in found if number == form.blobs]
    with at(f"layer {name!r}"):
        return [array_from(blob) for blob in blobs]


def write_weights(
    path: Path | str,
    net: NetParameter,
    blobs: Blobs,
    format: Format = "BINARYPROTO",
    diffs: Blobs | None = None,
    mend: str = "use snapshot_format: HDF5",
) -> None:
    """Write a net and the blobs of its layers, so that Caffe reads them too.

    The binary form holds all of ``net``, in today's form, and the blobs in its layers; HDF5
    holds the blobs only. ``diffs`` are the gradients, for ``snapshot_diff``;
    ``mend`` is what to do if the binary form is too large.

    Raises:
        RunError: the file cannot be written.
        WeightsError: the binary form would be larger than the 2 GiB that Caffe reads, or a
            layer of ``blobs`` is not in the net.
    """
    names = [layer.name for layer in net.layer]
    strange = [name for name in blobs if name not in names]
    if strange:
        raise WeightsError(f"{path}: blobs are given for {strange[0]!r}, no layer of the net")
    if format == "HDF5":
        weights_hdf5.write(path, names, blobs, diffs)
        return
    write_parts(path, _parts(net, blobs, diffs or {}), mend)


def write_parts(path: Path | str, parts: Parts, mend: str) -> None:
    """Write the parts of a binary caffemodel; ``mend`` is what to do if they are too large.

    Raises:
        RunError: the file cannot be written.
        WeightsError: it would be larger than the 2 GiB that Caffe reads.
    """
    size = sum(map(len, parts))
    if size > LARGEST:
        raise WeightsError(
            f"{path}: {size} bytes are more than the {LARGEST} of a binary caffemodel; {mend}"
        )
    with writing_whole(path) as file:
        file.writelines(parts)


def _parts(net: NetParameter, blobs: Blobs, diffs: Blobs) -> Parts:
    rest = NetParameter()
    rest.CopyFrom(net)
    rest.ClearField("layer")
    parts: Parts = [rest.SerializeToString()]
    for layer in net.layer:
        own = _layer_parts(layer, blobs.get(layer.name, ()), diffs.get(layer.name, ()))
        parts += [head(LAYER, sum(map(len, own))), *own]
    return parts


def _layer_parts(
    layer: LayerParameter, blobs: Sequence[NDArray[Any]], diffs: Sequence[NDArray[Any]]
) -> Parts:
    rest = LayerParameter()
    rest.CopyFrom(layer)
    rest.ClearField("blobs")
    parts: Parts = [rest.SerializeToString()]
    for blob, diff in zip_longest(blobs, diffs):
        own = pieces(blob, diff)
        parts += [head(TODAY.blobs, sum(map(len, own))), *own]
    return parts

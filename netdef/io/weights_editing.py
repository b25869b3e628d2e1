"""Weights with layers renamed or left out; every byte that is not concerned stays as it is.

Of the binary form nothing but names, blobs and gradients is looked at, so that what forks of
Caffe put into their layers is kept.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netdef.errors import at
from netdef.io.content import is_hdf5, read_content
from netdef.io.hdf5 import add_array, groups, is_group, reading_hdf5, writing_hdf5
from netdef.io.layer_forms import LAYER, LAYERS, TODAY, V0, V0_LAYER, V1, Form
from netdef.io.stored_form import DIFFS
from netdef.io.weights import Parts, write_parts
from netdef.io.wire import fields, head, inner, spans, text
from netdef.zoo_names import found_file

if TYPE_CHECKING:
    import h5py

NewName = Callable[[str], str | None]
"""From a layer's name to its new one, or None for a layer to be left out."""


def edit_weights(
    source: Path | str, target: Path | str, new_name: NewName, only_weights: bool = False
) -> None:
    """Write the weights of ``source`` to ``target``, binary or HDF5 as they are.

    ``only_weights`` leaves out gradients, layers without blobs, and what layers have but their
    name, type and blobs.

    Raises:
        MissingFile: the source cannot be read.
        WeightsError: it is damaged, or what remains is too large for Caffe.
        RunError: the target cannot be written.
    """
    source = found_file(source, "weights")
    if is_hdf5(source):
        _edit_hdf5(source, target, new_name, only_weights)
        return
    with at(str(source)):
        parts = list(_net(read_content(source), new_name, only_weights))
    write_parts(target, parts, "convert them to HDF5 first")


def _net(net: memoryview, new_name: NewName, only_weights: bool) -> Iterator[bytes | memoryview]:
    for number, value, span in spans(net):
        if number in (LAYER, LAYERS):
            message, form = inner(value), TODAY if number == LAYER else V1
            name, has_blobs = _seen(message, form)
            new = new_name(name)
            if new is not None and (has_blobs or not only_weights):
                yield from _framed(number, _layer(message, form, new, only_weights))
        elif not only_weights:
            yield span


def _seen(message: memoryview, form: Form) -> tuple[str, bool]:
    """Return a layer's name, and whether it has blobs."""
    name, has_blobs = "", False
    for number, value in fields(message):
        if form is V1 and number == V0_LAYER:
            name, has_inside = _seen(inner(value), V0)
            has_blobs = has_blobs or has_inside
        elif number == form.name:
            name = text(value)
        has_blobs = has_blobs or number == form.blobs
    return name, has_blobs


def _layer(message: memoryview, form: Form, name: str, only_weights: bool) -> Parts:
    parts: Parts = []
    for number, value, span in spans(message):
        if form is V1 and number == V0_LAYER:
            parts += _framed(number, _layer(inner(value), V0, name, only_weights))
        elif number == form.name:
            parts += _framed(number, [name.encode()])
        elif number == form.blobs and only_weights:
            kept = [own for n, _, own in spans(inner(value)) if n not in DIFFS]
            parts += _framed(number, kept)
        elif number in (form.type, form.blobs) or not only_weights:
            parts.append(span)
    return parts


def _framed(number: int, parts: Sequence[bytes | memoryview]) -> Parts:
    return [head(number, sum(map(len, parts))), *parts]


def _edit_hdf5(
    source: Path | str, target: Path | str, new_name: NewName, only_weights: bool
) -> None:
    with reading_hdf5(source) as file, writing_hdf5(target) as new_file:
        for kind in ("data",) if only_weights else ("data", "diff"):
            if kind in file:
                group = new_file.create_group(kind, track_order=True)
                _copy_groups(file[kind], group, "", new_name, only_weights)


def _copy_groups(
    source: "h5py.Group", target: "h5py.Group", prefix: str, new_name: NewName, only_weights: bool
) -> None:
    """Copy the layers of a group; a slash in a layer's name makes a group in a group."""
    for name, layer in groups(source):
        blobs = [blob for blob in layer if not is_group(layer[blob])]
        new = new_name(prefix + name) if blobs or not (len(layer) or only_weights) else None
        if new is not None:
            own = target.require_group(new)
            for blob in blobs:
                add_array(own, blob, layer[blob][()])
        _copy_groups(layer, target, f"{prefix}{name}/", new_name, only_weights)

"""How a file of weights holds them: in which form of layer, as which types, with gradients."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdef.errors import at
from netdef.io.blobs import RAW_TYPES
from netdef.io.content import is_hdf5, read_content
from netdef.io.hdf5 import groups, is_group, reading_hdf5
from netdef.io.layer_forms import TODAY, V0, V0_LAYER, Form, layer_messages
from netdef.io.wire import fields, inner, number, text
from netdef.zoo_names import found_file

if TYPE_CHECKING:
    import h5py

DIFFS = {6, 9, 11, 13}
"""Numbers of a blob's fields for gradients: diff, double_diff and NVCaffe's raw_diff."""
_TYPES = {5: "float32", 8: "float64"}
_RAW_TYPE, _RAW_DATA = 10, 12


@dataclass
class StoredForm:
    """``title`` is ``today's form``, ``V1``, ``V0`` or ``HDF5``.

    ``dtypes`` are NumPy's names of the types of each layer's blobs, "" for one without values.
    """

    title: str = TODAY.title
    dtypes: dict[str, list[str]] = field(default_factory=dict)
    has_diffs: bool = False


def stored_form(path: Path | str) -> StoredForm:
    """Look at the fields of a file of weights; no values are read.

    Raises:
        MissingFile: the file cannot be read.
        WeightsError: it is damaged.
    """
    path = found_file(path, "weights")
    if is_hdf5(path):
        return _of_hdf5(path)
    found = StoredForm()
    with at(str(path)):
        for message, form in layer_messages(read_content(path)):
            _add(found, message, form)
    return found


def _add(found: StoredForm, message: memoryview, form: Form) -> None:
    """Add a layer, and the V0 layer in it."""
    name, dtypes = "", []
    for field_number, value in fields(message):
        if form is not V0 and form is not TODAY and field_number == V0_LAYER:
            _add(found, inner(value), V0)
            return
        if field_number == form.name:
            name = text(value)
        elif field_number == form.blobs:
            blob = dict(fields(inner(value)))
            found.has_diffs = found.has_diffs or not DIFFS.isdisjoint(blob)
            dtypes.append(_type(blob))
    found.title, found.dtypes[name] = form.title, dtypes


def _type(blob: dict[int, int | memoryview]) -> str:
    for field_number, name in _TYPES.items():
        if field_number in blob:
            return name
    if _RAW_DATA not in blob:
        return ""
    kind = RAW_TYPES.get(number(blob.get(_RAW_TYPE, 0)), "V")
    return np.dtype(kind).name


def _of_hdf5(path: Path | str) -> StoredForm:
    with reading_hdf5(path) as file:
        found = StoredForm("HDF5", has_diffs="diff" in file)
        _add_groups(found, file["data"], "")
    return found


def _add_groups(found: StoredForm, group: "h5py.Group", prefix: str) -> None:
    for name, layer in groups(group):
        blobs = {int(n): m.dtype.name for n, m in layer.items() if not is_group(m)}
        found.dtypes[prefix + name] = [blobs.get(i, "") for i in range(max(blobs, default=-1) + 1)]
        _add_groups(found, layer, f"{prefix}{name}/")

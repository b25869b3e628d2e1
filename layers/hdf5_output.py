"""The layer that writes blobs to an HDF5 file."""

from functools import cached_property
from typing import ClassVar

from netdef.data.hdf5_rows import HDF5Rows
from netdef.errors import ShapeError
from netdef.layer import Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class HDF5Output(Layer, message="hdf5_output_param"):
    """Write both bottoms of every pass to the datasets ``data`` and ``label`` of one HDF5 file.

    Each pass adds its rows, so that HDF5Data can read the file. It appears under its name,
    whole, when the net is closed or the process ends.

    Shapes:
        data: ``(N, ...)``.
        label: ``(N, ...)``.

    Raises:
        ShapeError: data and label have different numbers of rows.
        RunError: the file cannot be written.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("data", "label")
    tops: ClassVar[tuple[str, ...]] = ()

    file_name: str = field()

    def infer(self, data: Shape, label: Shape) -> Signature:
        if not (data and label):
            raise ShapeError(f"data {data} and label {label} need a first axis, of rows")
        if data[0] != label[0]:
            raise ShapeError(f"data has {data[0]} rows, label {label[0]}")
        return Signature([])

    def forward(self, ops: Ops, data: Array, label: Array) -> None:
        ops.host(self._rows.append, data, label)

    @cached_property
    def _rows(self) -> HDF5Rows:
        return HDF5Rows(self.file_name, ("data", "label"))

    def close(self) -> None:
        """Give the file its name."""
        self._rows.close()

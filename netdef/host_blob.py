"""Blobs as layers that users write in Python see them: plain NumPy arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdef.shape import Shape


class HostBlob:
    """A blob as a Python layer sees it: NumPy arrays ``data`` and ``diff`` of its shape."""

    def __init__(self, shape: Sequence[int] | None = None) -> None:
        self.is_shaped = shape is not None
        self.shape = tuple(map(int, shape or ()))
        self._data: Any = None
        self._diff: Any = None

    def reshape(self, *shape: int) -> None:
        """Give it a shape; what it holds is lost if that is a new one."""
        if not self.is_shaped or tuple(map(int, shape)) != self.shape:
            HostBlob.__init__(self, shape)

    @property
    def data(self) -> Any:
        """The values, in C order; zeros at first."""
        if self._data is None:
            self._data = np.zeros(self.shape, np.float32)
        return self._data

    @property
    def diff(self) -> Any:
        """The gradient of the loss with respect to the values, in C order; zeros at first."""
        if self._diff is None:
            self._diff = np.zeros(self.shape, np.float32)
        return self._diff

    def hold(self, data: Any, diff: Any = None) -> None:
        """Take over arrays of the net for as long as a pass lasts."""
        self.reshape(*data.shape)
        self._data = np.asarray(data, order="C")
        if diff is not None:
            self._diff = np.asarray(diff, order="C")

    @property
    def count(self) -> int:
        """The number of elements."""
        return Shape(self.shape).size

    @property
    def num(self) -> int:
        """The first axis of (num, channels, height, width); missing ones are 1."""
        return self._axis(0)

    @property
    def channels(self) -> int:
        """The second axis."""
        return self._axis(1)

    @property
    def height(self) -> int:
        """The third axis."""
        return self._axis(2)

    @property
    def width(self) -> int:
        """The fourth axis."""
        return self._axis(3)

    def _axis(self, axis: int) -> int:
        return self.shape[axis] if axis < len(self.shape) else 1


class WeightBlobs(list[HostBlob]):
    """The weights of a Python layer."""

    def add_blob(self, *shape: int) -> HostBlob:
        """Add a weight of this shape, in ``setup``; what its ``data`` holds then it begins with."""
        self.append(HostBlob(shape))
        return self[-1]

"""Blobs as pycaffe's users know them: ``blob.data`` and ``blob.diff`` are NumPy arrays."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from netdef.device import Device


class Lent:
    """Host copies of a GPU's arrays that a user may have written to.

    On the CPU arrays are handed out as they are.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        self._out: dict[int, tuple[Any, Any]] = {}

    def host(self, array: Any) -> Any:
        """Return a NumPy array that stands for ``array`` until ``give_back``."""
        if not self.device.is_gpu:
            return array
        key = array.data.ptr
        if key not in self._out:
            self._out[key] = (array, array.get())
        return self._out[key][1]

    def put(self, array: Any, values: Any) -> None:
        """Write values of the host to an array, instead of what was written to its copy."""
        if self.device.is_gpu:
            self._out.pop(array.data.ptr, None)
            values = self.device.xp.asarray(np.asarray(values, array.dtype))
        array[...] = values

    def give_back(self) -> None:
        """Copy what was handed out to the device, and forget it."""
        for array, copy in self._out.values():
            array[...] = self.device.xp.asarray(copy)
        self._out.clear()


class Looked(Mapping[str, Any]):
    """Blobs' arrays by their names, each brought to the host when somebody looks at it."""

    def __init__(self, arrays: Mapping[str, Callable[[], Any]]) -> None:
        self._arrays = arrays

    def __getitem__(self, name: str) -> Any:
        return self._arrays[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return repr(dict(self))


class Blob:
    """A named array of the net and its gradient; ``data`` and ``diff`` can be written to."""

    def __init__(
        self,
        data: Callable[[], Any],
        diff: Callable[[], Any],
        reshape: Callable[[tuple[int, ...]], None] | None = None,
        look: Callable[[], Any] | None = None,
    ) -> None:
        self._data, self._diff, self._reshape = data, diff, reshape
        self._look = look or data  # at what has the shape, and is not written to

    @property
    def data(self) -> Any:
        """The values."""
        return self._data()

    @property
    def diff(self) -> Any:
        """The gradient of the loss with respect to the values."""
        return self._diff()

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return tuple(self._look().shape)

    @property
    def count(self) -> int:
        """The number of elements."""
        return int(self._look().size)

    @property
    def num(self) -> int:
        """The first axis of (num, channels, height, width); missing ones are 1."""
        return self._legacy(0)

    @property
    def channels(self) -> int:
        """The second axis."""
        return self._legacy(1)

    @property
    def height(self) -> int:
        """The third axis."""
        return self._legacy(2)

    @property
    def width(self) -> int:
        """The fourth axis."""
        return self._legacy(3)

    def _legacy(self, axis: int) -> int:
        return self.shape[axis] if axis < len(self.shape) else 1

    def reshape(self, *shape: int) -> None:
        """Give an input blob another shape; the net follows when it is next used.

        Raises:
            ValueError: the blob is no input of the net: its shape follows from them.
        """
        if self._reshape is None:
            raise ValueError("only input blobs can be reshaped; the other shapes follow from them")
        self._reshape(tuple(map(int, shape)))

"""Numbers on their way from a device to the host."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from netdef.device import Device
from netdef.engines import Checks
from netdef.gpu_errors import gpu_errors_in_words


class Reader:
    """Copies some arrays of a device to the host, again and again.

    The copy is work of the device's like any other: it is made behind what the device was
    given before, and nobody waits for it until the numbers are asked for. With them comes what
    kernels found wrong with the data.
    """

    def __init__(self, device: Device, arrays: Sequence[Any], checks: Checks) -> None:
        self._device, self._arrays, self._checks = device, arrays, checks
        self._free: list[_Room] = []

    def begin(self) -> Callable[[], Sequence[Any]]:
        """Begin to copy; return what waits for the numbers, which hold until the next ``begin``.

        On the CPU they are the arrays themselves.

        Raises:
            DataError: by what is returned, if there is a label that is none of the classes.
            RunError: by either, if the GPU failed.
        """
        if not self._device.is_gpu:
            return lambda: self._arrays
        arrays = (*self._arrays, *self._checks.arrays)
        with gpu_errors_in_words(self._device, "the results of a pass"):
            room = self._free.pop() if self._free else _Room(self._device, arrays)
            room.fetch(arrays)
        return partial(self._wait, room)

    def _wait(self, room: "_Room") -> Sequence[Any]:
        with gpu_errors_in_words(self._device, "the results of a pass"):
            room.event.synchronize()
        if room not in self._free:
            self._free.append(room)
        count = len(self._arrays)
        self._checks.judge(room.arrays[count:])
        return room.arrays[:count]


class _Room:
    """Memory of the host that a device writes to by itself, and when it has."""

    def __init__(self, device: Device, arrays: Sequence[Any]) -> None:
        self.arrays = [_pinned(device, array) for array in arrays]
        self.event = device.xp.cuda.Event(disable_timing=True)

    def fetch(self, arrays: Sequence[Any]) -> None:
        for array, room in zip(arrays, self.arrays, strict=True):
            array.get(out=room, blocking=False)
        self.event.record()


def _pinned(device: Device, array: Any) -> Any:
    memory = device.xp.cuda.alloc_pinned_memory(max(1, array.nbytes))
    return np.ndarray(array.shape, array.dtype, memory)

"""Numbers on their way from a device to the host."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netdef.device import Device
from netdef.engines import Checks
from netdef.gpu_errors import gpu_errors_in_words


class Reader:
    """Copies some arrays of a device to the host, again and again, into the same memory.

    The copy is work of the device's like any other: it is made behind what the device was
    given before, and nobody waits for it until the numbers are asked for. With them comes what
    kernels found wrong with the data.
    """

    def __init__(self, device: Device, arrays: Sequence[Any], checks: Checks) -> None:
        self._device, self._arrays, self._checks = device, arrays, checks
        if device.is_gpu:
            self._rooms = [_pinned(device, a) for a in arrays]
            self._findings = [_pinned(device, a) for a in checks.arrays]
            self._event = device.xp.cuda.Event(disable_timing=True)

    def begin(self) -> Callable[[], Sequence[Any]]:
        """Begin to copy; return what waits for the numbers, which the next copy overwrites.

        On the CPU they are the arrays themselves.

        Raises:
            DataError: by what is returned, if there is a label that is none of the classes.
            RunError: by either, if the GPU failed.
        """
        if not self._device.is_gpu:
            return lambda: self._arrays
        sources, goals = (*self._arrays, *self._checks.arrays), (*self._rooms, *self._findings)
        with gpu_errors_in_words(self._device, "the results of a pass"):
            for array, room in zip(sources, goals, strict=True):
                array.get(out=room, blocking=False)
            self._event.record()
        return self._wait

    def _wait(self) -> Sequence[Any]:
        with gpu_errors_in_words(self._device, "the results of a pass"):
            self._event.synchronize()
        self._checks.judge(self._findings)
        return self._rooms


def _pinned(device: Device, array: Any) -> Any:
    """Return memory of the host for an array, that the device writes to by itself."""
    memory = device.xp.cuda.alloc_pinned_memory(max(1, array.nbytes))
    return np.ndarray(array.shape, array.dtype, memory)

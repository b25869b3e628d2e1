"""Where arrays live: the CPU, or one NVIDIA GPU through CuPy."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from netdef.errors import DeviceError


@dataclass(frozen=True)
class Device:
    """An array module, and how its arrays come to the host."""

    name: str
    xp: ModuleType
    number: int | None = None

    @property
    def is_gpu(self) -> bool:
        """True if arrays live on a GPU."""
        return self.number is not None

    def to_host(self, array: Any) -> Any:
        """Return a NumPy array of the same numbers: itself, or a copy from the GPU."""
        return array.get() if self.is_gpu else array

    def wait(self) -> None:
        """Return when all work given to the device is done."""
        if self.is_gpu:
            self.xp.cuda.get_current_stream().synchronize()

    def use(self) -> None:
        """Make it the device that new arrays go to."""
        if self.is_gpu:
            self.xp.cuda.Device(self.number).use()

    def made_current(self) -> AbstractContextManager[Any]:
        """Return what makes it the device that is worked on, for the length of a block."""
        current: AbstractContextManager[Any] = (
            self.xp.cuda.Device(self.number) if self.is_gpu else nullcontext()
        )
        return current


CPU = Device("CPU", np)


def gpu(number: int = 0) -> Device:
    """Return a GPU by its number.

    Raises:
        DeviceError: CuPy, the driver or the GPU is not there; with the mend.
    """
    try:
        import cupy
    except ImportError as error:
        raise DeviceError(
            "GPU mode needs CuPy: pip install 'netdef[cuda12]' or 'netdef[cuda13]', as your"
            " driver is; or run on the CPU (solver_mode: CPU, no --gpu)"
        ) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise DeviceError(
            f"no GPU can be used ({error}); check the driver with nvidia-smi, or run on the CPU"
            " (solver_mode: CPU, no --gpu)"
        ) from error
    if number >= count:
        numbers = ", ".join(map(str, range(count)))
        raise DeviceError(f"GPU {number} is not there; this machine has {count}: {numbers}")
    device = Device(f"GPU {number}", cupy, number)
    device.use()
    return device

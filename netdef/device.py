"""Where arrays live: the CPU, or one NVIDIA GPU through CuPy."""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from netdef.cuda_driver import ON_THE_CPU, driver_version, hidden, install, why_no_gpu
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

    def memory(self) -> tuple[int, int]:
        """Return how many bytes new arrays may take, and how many there are in all."""
        if not self.is_gpu:
            page = os.sysconf("SC_PAGE_SIZE")
            return page * os.sysconf("SC_AVPHYS_PAGES"), page * os.sysconf("SC_PHYS_PAGES")
        free, total = self.xp.cuda.runtime.memGetInfo()
        return free + self.xp.get_default_memory_pool().free_bytes(), total

    @property
    def compute_capability(self) -> int:
        """What a GPU can do, in NVIDIA's numbers times ten: 80 for an A100; 0 for the CPU."""
        return int(self.xp.cuda.Device(self.number).compute_capability) if self.is_gpu else 0

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
    cupy = _cupy()
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        why = why_no_gpu(cupy, error)
        raise DeviceError(f"no GPU can be used: {why}; {ON_THE_CPU}") from error
    if number >= count:
        numbers = ", ".join(map(str, range(count)))
        raise DeviceError(
            f"GPU {number} is not there; this machine has {count}: {numbers}{hidden()}"
        )
    device = Device(f"GPU {number}", cupy, number)
    device.use()
    return device


def _cupy() -> Any:
    """Import CuPy.

    Raises:
        DeviceError: it is not there, or does not load.
    """
    try:
        import cupy
    except ModuleNotFoundError as error:
        if (error.name or "cupy").partition(".")[0] != "cupy":
            raise _does_not_load(error) from error
        raise DeviceError(
            f"GPU mode needs CuPy: {install(driver_version())}; {ON_THE_CPU}"
        ) from error
    except (ImportError, OSError, RuntimeError) as error:
        raise _does_not_load(error) from error
    return cupy


def _does_not_load(error: Exception) -> DeviceError:
    cause = error.__cause__ or error  # CuPy puts a page of hints in front of it
    return DeviceError(
        f"CuPy is here and does not load ({cause}); install it anew:"
        f" {install(driver_version())}; {ON_THE_CPU}"
    )

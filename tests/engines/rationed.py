"""A stand-in for CuPy whose GPU has a given number of bytes, and counts what is taken."""

import weakref
from types import SimpleNamespace
from typing import Any

from netdef.device import Device
from tests.engines import stand_in


class OutOfMemoryError(MemoryError):
    """What CuPy raises where the GPU has no room."""


class Ration:
    """The memory of a GPU: what there is, what is taken now, and the most that ever was."""

    def __init__(self, total: int) -> None:
        self.total, self.taken, self.most = total, 0, 0

    def take(self, array: Any) -> Any:
        size = -(-array.nbytes // 512) * 512  # as CuPy's pool does
        if self.taken + size > self.total:
            raise OutOfMemoryError(f"Out of memory allocating {size:,} bytes")
        self.taken += size
        self.most = max(self.most, self.taken)
        weakref.finalize(array, self._give_back, size)
        return array

    def _give_back(self, size: int) -> None:
        self.taken -= size


def rationed(module: Any, total: int) -> Ration:
    """Let the arrays of a stand-in for CuPy take no more than so many bytes together."""
    ration = Ration(total)
    for name in ("zeros", "empty", "full", "arange", "asarray"):
        make = getattr(module, name)
        setattr(module, name, lambda *a, make=make, **k: ration.take(make(*a, **k)))
    module.cuda.runtime.memGetInfo = lambda: (ration.total - ration.taken, ration.total)
    module.get_default_memory_pool = lambda: SimpleNamespace(free_bytes=lambda: 0)
    return ration


def device(total: int) -> tuple[Device, Ration]:
    """Return a device with so many bytes, and what counts them."""
    module = stand_in.module()
    return Device("GPU 0", module, 0), rationed(module, total)

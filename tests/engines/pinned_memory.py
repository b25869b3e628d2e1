"""What stands for CUDA's pinned memory: copies from it are made when their stream comes to them."""

from typing import Any

import numpy as np

_UNIT = 512
"""Bytes. CuPy's pool hands out whole multiples."""


class _Pinned(bytearray):
    pass


def allocate(size: int) -> bytearray:
    """Return memory, full of garbage, as ``cupy.cuda.alloc_pinned_memory``."""
    assert size > 0, "CuPy returns memory that no array can be made of"
    return _Pinned(b"\xa5" * (-(-size // _UNIT) * _UNIT))


def holds(array: Any) -> bool:
    """Tell whether an array lies in pinned memory; from elsewhere copies are made at once."""
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array.obj if isinstance(array, memoryview) else array, _Pinned)

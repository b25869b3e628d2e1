"""Memory that a primitive needs only while it runs: all share one block."""

from types import ModuleType
from typing import Any

import numpy as np

_ALIGNMENT = 128
"""Bytes. oneDNN rounds the start of its scratch memory up to it: were ours to start in between,
it would write past the end."""


def fake(shape: tuple[int, ...], dtype: Any, order: tuple[int, ...] | None = None) -> np.ndarray:
    """Return an array of any size that takes no memory: to look at, never to read or write."""
    axes = order or tuple(range(len(shape)))
    strides = [0] * len(shape)
    step = np.dtype(dtype).itemsize
    for axis in reversed(axes):
        strides[axis] = step
        step *= max(shape[axis], 1)
    return np.lib.stride_tricks.as_strided(_one(dtype), shape, strides, writeable=False)


def _one(dtype: Any) -> np.ndarray:
    """Return what stands at the start of a fake; in the tests nothing that may be read."""
    return np.empty(1, dtype)


def axes_in_memory(array: Any) -> list[int]:
    """Return the axes of an array, outermost in memory first."""
    return sorted(range(array.ndim), key=lambda i: -array.strides[i])


def laid_like(room: Any, example: Any) -> Any:
    """View the beginning of a flat room as an array that lies as the example does."""
    order = axes_in_memory(example)
    lying = room[: example.size].reshape([example.shape[i] for i in order])
    return lying.transpose(np.argsort(order).tolist())


def aligned(xp: ModuleType, size: int) -> Any:
    """Return so many bytes of zeros, laid so that no vector straddles two cache lines."""
    room = xp.zeros(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT if xp is np else 0
    return room[start : start + size]


class Scratch:
    """Hands out parts of one block; ``begin`` makes the whole block free again.

    With ``block`` None it only counts: what it hands out are fakes, and ``bytes`` is the
    size of the block that all the calls need.
    """

    def __init__(self, xp: ModuleType = np, block: Any = None) -> None:
        self.xp, self.block, self.bytes, self._used = xp, block, 0, 0

    def begin(self) -> None:
        """Forget what was handed out: the next call may use the same memory."""
        self._used = 0

    def take(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Return an array of garbage, until ``begin``."""
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        start = self._used
        self._used += -(-size // _ALIGNMENT) * _ALIGNMENT
        self.bytes = max(self.bytes, self._used)
        if self.block is None:
            return fake(shape, dtype)
        assert self._used <= self.block.size, "the plan reserved too little scratch memory"
        return self.block[start : start + size].view(dtype).reshape(shape)

    def take_like(self, array: Any, dtype: Any = None) -> Any:
        """Return an array of garbage whose axes lie in the order of another's."""
        return laid_like(self.take((array.size,), dtype or array.dtype), array)

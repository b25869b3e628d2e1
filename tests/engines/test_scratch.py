"""Scratch memory begins where oneDNN expects it to."""

import numpy as np
import pytest

from netdef.engines import Scratch, aligned


@pytest.mark.parametrize("size", [1, 127, 128, 5000])
def test_memory_is_aligned_and_of_the_size(size):
    rooms = [aligned(np, size) for _ in range(5)]
    assert all(r.ctypes.data % 128 == 0 and r.nbytes == size and not r.any() for r in rooms)


def test_every_part_of_scratch_memory_is_aligned():
    counter = Scratch()
    for size in (3, 130, 1):
        counter.take((size,), np.uint8)
    scratch = Scratch(np, aligned(np, counter.bytes))
    parts = [scratch.take((size,), np.uint8) for size in (3, 130, 1)]
    assert [p.ctypes.data % 128 for p in parts] == [0, 0, 0]
    assert [p.size for p in parts] == [3, 130, 1]

"""How results that are made of many numbers are shared among blocks: see ``reduction.cu``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from netdef.engines.cupy.kernels import THREADS
from netdef.engines.cupy.places import Axes, Strides, axes_of, strides_of

_FEWEST_EACH = 8
"""Numbers that a thread takes at least before a result is cut in parts."""
_WARP = 32
"""Threads that read memory together."""
_ENOUGH_BLOCKS = 1024
"""Blocks that keep every processor of a large GPU busy."""


@dataclass(frozen=True)
class Reduction:
    """Along which axes some arrays are put together, and which threads do it."""

    kept: Axes
    summed: Axes
    width: int
    """Results that a block makes side by side, a power of two."""
    parts: int = 1
    """Blocks that share one result."""

    @property
    def results(self) -> int:
        return self.kept.count

    @property
    def length(self) -> int:
        """The numbers of one result."""
        return self.summed.count

    @property
    def blocks(self) -> int:
        return -(-self.results // self.width) * self.parts

    def in_parts(self) -> "Reduction":
        """Return the same in as many parts as keep the device busy."""
        each = THREADS // self.width * _FEWEST_EACH
        parts = max(1, min(_ENOUGH_BLOCKS // max(1, self.blocks), self.length // each))
        return replace(self, parts=parts)

    def packed(self) -> list[int]:
        """Return the struct ``Reduction``."""
        numbers = [self.results, self.length, self.parts, self.width]
        return [*numbers, *self.kept.packed(), *self.summed.packed()]


def reduction(axes: Sequence[int], *arrays: Any) -> Reduction:
    """Put arrays of one shape together along ``axes``.

    Raises:
        Refused: the arrays are too large, or have too many axes that lie apart.
    """
    return reduction_of(axes, arrays[0].shape, *map(strides_of, arrays))


def reduction_of(axes: Sequence[int], shape: Sequence[int], *strides: Strides) -> Reduction:
    """Put arrays together whose strides are given; those along ``axes`` may be anything."""

    def along(which: Sequence[int]) -> Axes:
        return axes_of([shape[i] for i in which], *([s[i] for i in which] for s in strides))

    summed = sorted(axis % len(shape) for axis in axes)
    kept, gone = along([i for i in range(len(shape)) if i not in summed]), along(summed)
    return Reduction(kept, gone, _width(kept, gone))


def _width(kept: Axes, summed: Axes) -> int:
    """Let neighbouring threads read neighbouring numbers, and none be idle."""
    lanes = 1
    while lanes < min(summed.count, THREADS):
        lanes *= 2
    is_result_innermost = kept.count > 1 and (
        summed.count == 1 or abs(kept.strides[0][0]) < abs(summed.strides[0][0])
    )
    if is_result_innermost:
        lanes = min(lanes, THREADS // _WARP)
    return THREADS // lanes

"""Batch statistics and sums by channel."""

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from netdef.engines import blas
from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.images import Images
from netdef.engines.scratch import axes_in_memory

_BLOCK = 1 << 18
"""Elements worked on at once, so that they stay in the L2 cache."""
_FEWEST = 16
"""Rows below which NumPy's own sum is as fast."""
_ROWS = 1 << 9
"""Rows that are added one by one, so that rounding does not add up."""


def are_pixels(x: Any, axes: tuple[int, ...]) -> bool:
    """True if summing over the axes leaves channels that lie side by side."""
    if x.ndim < 3 or x.size == 0:
        return False
    left = set(range(x.ndim)) - {axis % x.ndim for axis in axes}
    return left == {1} and bool(x.transpose(0, *range(2, x.ndim), 1).flags.c_contiguous)


class _Stretches(NamedTuple):
    """Sizes of kept axes, of summed ones in two parts inside them, and of kept ones inside."""

    items: int
    times: int
    rows: int
    length: int


def _stretches(x: Any, axes: tuple[int, ...]) -> _Stretches | None:
    """Return the stretches of an array; None if it does not lie so, or has gaps, or few rows."""
    order, summed = axes_in_memory(x), {axis % x.ndim for axis in axes}
    long = [axis for axis in order if x.shape[axis] > 1]
    places = [i for i, axis in enumerate(long) if axis in summed]
    if not places or x.size == 0 or not x.transpose(order).flags.c_contiguous:
        return None
    first, last = places[0], places[-1]
    if last - first + 1 != len(places):
        return None
    parts = (long[:first], long[first : last + 1], long[last + 1 :])
    items, count, length = (math.prod(x.shape[axis] for axis in part) for part in parts)
    rows = next(n for n in range(min(count, _ROWS), 0, -1) if count % n == 0)
    return _Stretches(items, count // rows, rows, length) if rows >= _FEWEST else None


class Normalization(Images):
    """The primitives of batch normalization."""

    def _channels(self, x: Any, *others: Any) -> list[tuple[Any, ...]]:
        """Return blocks of channels of all arrays as ``(channels, ...)``."""
        views = [self.inner(a) if a.ndim > 1 else a for a in (x, *others)]
        count = views[0].shape[0]
        step = max(1, _BLOCK * count // max(1, x.size))
        return [tuple(v[i : i + step] for v in views) for i in range(0, count, step)]

    def batch_statistics(self, x: Any, mean: Any, variance: Any) -> Run:
        blocks = self._channels(x, mean, variance)
        xp, shape = self.xp, (-1,) + (1,) * (x.ndim - 1)
        room = self.scratch.take(blocks[0][0].shape, x.dtype)
        axes, count = tuple(range(1, x.ndim)), x.size // x.shape[1]

        def run() -> None:
            for pixels, m, v in blocks:
                centred = room[: pixels.shape[0]]
                xp.sum(pixels, axis=axes, out=m)
                xp.divide(m, count, out=m)
                xp.subtract(pixels, m.reshape(shape), out=centred)
                xp.square(centred, out=centred)
                xp.sum(centred, axis=axes, out=v)
                xp.divide(v, count, out=v)

        return run

    def batch_norm_grad(self, y: Any, dy: Any, inverse_std: Any, out: Any) -> Run:
        blocks = self._channels(y, dy, inverse_std, out)
        xp, shape = self.xp, (-1,) + (1,) * (y.ndim - 1)
        room = self.scratch.take(blocks[0][0].shape, y.dtype)
        sums = self.scratch.take((2, blocks[0][0].shape[0]), y.dtype)
        axes, count = tuple(range(1, y.ndim)), y.size // y.shape[1]

        def run() -> None:
            for value, error, scale, goal in blocks:
                part, total, along = (a[: value.shape[0]] for a in (room, *sums))
                xp.sum(error, axis=axes, out=total)
                xp.multiply(value, error, out=part)
                xp.sum(part, axis=axes, out=along)
                xp.divide(total, count, out=total)
                xp.divide(along, count, out=along)
                xp.multiply(value, along.reshape(shape), out=part)
                xp.subtract(error, part, out=part)
                xp.subtract(part, total.reshape(shape), out=part)
                xp.multiply(part, scale.reshape(shape), out=goal)

        return run

    def sum(self, x: Any, out: Any = None, add_to: Any = None, *, axes: tuple[int, ...]) -> Run:
        xp = self.xp
        total = out if add_to is None else self.scratch.take(add_to.shape, add_to.dtype)
        run: Run = partial(xp.sum, x, axis=axes, out=total)
        stretches = _stretches(x, axes) if xp is np else None
        if stretches is not None:
            run = self._sum_of_rows(x, axes, total, stretches)
        return run if add_to is None else in_order(run, partial(xp.add, add_to, total, out=add_to))

    def _sum_of_rows(self, x: Any, axes: tuple[int, ...], out: Any, by: _Stretches) -> Run:
        """Sum rows that follow each other in memory, as a product with ones.

        NumPy's own sum takes several times as long. No more than ``_ROWS`` are added one by one,
        and then their sums.
        """
        order, ones = axes_in_memory(x), np.ones(by.rows, x.dtype)
        sums = self.scratch.take((by.items * by.times, by.length), x.dtype)
        lying = x.transpose(order)
        if by.length == 1:
            add = partial(np.matmul, lying.reshape(-1, by.rows), ones, out=sums.reshape(-1))
        else:
            rows, each = lying.reshape(-1, by.rows, by.length), sums[:, None]
            add = partial(np.matmul, ones[None], rows, out=each)
        kept = [axis for axis in order if axis not in {a % x.ndim for a in axes}]
        parted = sums.reshape(by.items, by.times, by.length)
        shape, back = [x.shape[axis] for axis in kept], np.argsort(kept).tolist()

        def run() -> None:
            add()
            np.copyto(out, parted.sum(axis=1).reshape(shape).transpose(back))

        return blas.one_thread(run) if self.threads.count > 1 else run

    def sum_product(
        self, a: Any, b: Any, out: Any = None, add_to: Any = None, *, axes: tuple[int, ...]
    ) -> Run:
        xp, every = self.xp, list(range(a.ndim))
        kept = [i for i in every if i not in axes]
        target = out if add_to is None else add_to

        def run() -> None:
            total = xp.einsum(a, every, b, every, kept)
            if add_to is None:
                xp.copyto(target, total)
            else:
                xp.add(target, total, out=target)

        return run

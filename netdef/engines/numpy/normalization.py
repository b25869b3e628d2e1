"""Batch statistics and sums by channel."""

from functools import partial
from typing import Any

from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.images import Images

_BLOCK = 1 << 18
"""Elements worked on at once, so that they stay in the L2 cache."""
_ROW = 1 << 12
"""Elements summed at once, so that they stay in the L1 cache."""


def are_pixels(x: Any, axes: tuple[int, ...]) -> bool:
    """True if summing over the axes leaves channels that lie side by side."""
    if x.ndim < 3 or x.size == 0:
        return False
    left = set(range(x.ndim)) - {axis % x.ndim for axis in axes}
    return left == {1} and bool(x.transpose(0, *range(2, x.ndim), 1).flags.c_contiguous)


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
        if are_pixels(x, axes):
            run = self._sum_of_pixels(x, total)
        return run if add_to is None else in_order(run, partial(xp.add, add_to, total, out=add_to))

    def _sum_of_pixels(self, x: Any, out: Any) -> Run:
        """Sum channels that lie side by side: many pixels at once, as rows of a matrix.

        NumPy sums rows an order faster where they are long.
        """
        channels = x.shape[1]
        pixels = x.size // channels
        limit = max(1, min(pixels, _ROW // channels))
        several = next(n for n in range(limit, 0, -1) if pixels % n == 0)
        rows = x.transpose(0, *range(2, x.ndim), 1).reshape(-1, several * channels)
        sums = self.scratch.take((several * channels,), out.dtype)
        add = partial(self.xp.sum, axis=0)
        return in_order(
            partial(add, rows, out=sums), partial(add, sums.reshape(several, channels), out=out)
        )

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

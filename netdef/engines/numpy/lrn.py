"""Local response normalization across channels."""

from collections.abc import Callable, Iterator
from typing import Any

from netdef.engines.engine import Engine, Run, in_order
from netdef.engines.scratch import laid_like
from netdef.engines.threads import parts

_BLOCK = 1 << 18
"""Elements worked on at once, so that they stay in the cache."""


class LocalResponse(Engine):
    """The primitives ``lrn`` and ``lrn_grad``, block by block of pixels."""

    def lrn(
        self,
        x: Any,
        out: Any,
        scales: Any,
        *,
        size: int,
        alpha: float,
        beta: float,
        k: float,
    ) -> Run:
        channels, is_kept = x.shape[1], scales is not None
        divide, multiply, power = self.xp.divide, self.xp.multiply, self.xp.power

        def prepare(room: Any, pixels: Any, y: Any, both: Any = None) -> Run:
            if both is None:
                divisor, scale = (laid_like(part, pixels) for part in (room, room[pixels.size :]))
            else:
                divisor, scale = both[:, :channels], both[:, channels:]
            sums = _window_sums(self.xp, divisor, scale, size)

            def run() -> None:
                multiply(pixels, pixels, out=divisor)
                sums()
                multiply(scale, alpha / size, out=scale)
                self.xp.add(scale, k, out=scale)
                power(scale, -beta, out=divisor)
                multiply(pixels, divisor, out=y)
                if is_kept:
                    divide(1, divisor, out=divisor)
                    divide(y, scale, out=scale)

            return run

        arrays = (x, out, scales) if is_kept else (x, out)
        return self._by_pixel(prepare, 0 if is_kept else 2, *arrays)

    def lrn_grad(
        self,
        x: Any,
        dy: Any,
        scales: Any,
        out: Any,
        *,
        size: int,
        alpha: float,
        beta: float,
        k: float,
    ) -> Run:
        channels, factor = x.shape[1], 2 * alpha * beta / size
        divide, multiply, subtract = self.xp.divide, self.xp.multiply, self.xp.subtract

        def prepare(room: Any, pixels: Any, error: Any, both: Any, goal: Any) -> Run:
            flow = laid_like(room, pixels)
            divisor, ratio = both[:, :channels], both[:, channels:]
            sums = _window_sums(self.xp, flow, goal, size)

            def run() -> None:
                multiply(error, ratio, out=flow)
                sums()
                multiply(goal, factor, out=goal)
                multiply(goal, pixels, out=goal)
                divide(error, divisor, out=flow)
                subtract(flow, goal, out=goal)

            return run

        return self._by_pixel(prepare, 1, x, dy, scales, out)

    def _by_pixel(self, prepare: Callable[..., Run], rooms: int, *arrays: Any) -> Run:
        """Prepare a call for each block of pixels, with all channels; threads share them.

        Each gets scratch memory for ``rooms`` times the numbers of the block.
        """
        blocks = list(_blocks(arrays))
        largest = max(block[0].size for block in blocks)
        runs = []
        for share in parts(len(blocks), self.threads.count):
            room = self.scratch.take((rooms * largest,), arrays[0].dtype) if rooms else None
            runs.append(in_order(*(prepare(room, *block) for block in blocks[share])))
        return self.threads.together(runs)


def _blocks(arrays: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield parts with all channels, cut along the axes that lie outermost."""
    first = arrays[0]
    axes = [i for i in range(first.ndim) if i != 1 and first.shape[i] > 1]
    if not axes or first.size <= _BLOCK:
        yield arrays
        return
    axis = max(axes, key=lambda i: first.strides[i])
    count = first.shape[axis]
    step = max(1, _BLOCK * count // first.size)
    for i in range(0, count, step):
        at = (slice(None),) * axis + (slice(i, i + step),)
        yield from _blocks(tuple(a[at] for a in arrays))


def _window_sums(xp: Any, x: Any, out: Any, size: int) -> Run:
    """Return what sums ``size`` neighbouring channels around each, none past the ends."""
    count, before = x.shape[1], (size - 1) // 2
    pairs = []
    for shift in range(-before, size - before):
        low, high = max(0, -shift), min(count, count - shift)
        if shift and low < high:
            pairs.append((out[:, low:high], x[:, low + shift : high + shift]))

    def run() -> None:
        xp.copyto(out, x)
        for goal, part in pairs:
            xp.add(goal, part, out=goal)

    return run

"""Pooling by chance."""

from typing import Any

from netdef.engines.engine import Run
from netdef.engines.numpy.images import Images, kernel_places
from netdef.window import Window


class StochasticPooling(Images):
    """The primitive ``pool_stochastic``."""

    def pool_stochastic(self, x: Any, chance: Any, out: Any, index: Any, *, window: Window) -> Run:
        """Count the pixels whose sum, one after the other, stays below a part of the whole.

        Zeros behind the image stand for the pixels of windows that reach over its edge.
        """
        image, y, place, part = (self.inner(a) for a in (x, out, index, chance))
        room, middle = self._with_edge(image, y.shape[1:-1], window)
        taps = self.taps(room, window, y.shape[1:-1])
        pixels = [taps[(slice(None), *k)] for k in kernel_places(window.kernel)]
        limit, total = (self.scratch.take(y.shape, y.dtype) for _ in range(2))
        mask = self.scratch.take(y.shape, "bool")
        xp = self.xp

        def run() -> None:
            room.fill(0)
            xp.copyto(middle, image)
            limit.fill(0)
            for tap in pixels:
                xp.add(limit, tap, out=limit)
            xp.multiply(limit, part, out=limit)
            for whole in (total, place, y):
                whole.fill(0)
            for tap in pixels:
                xp.add(total, tap, out=total)
                xp.less(total, limit, out=mask)
                xp.add(place, mask, out=place)
            for i, tap in enumerate(pixels):
                xp.equal(place, i, out=mask)
                xp.copyto(y, tap, where=mask)

        return run

    def _with_edge(self, image: Any, places: tuple[int, ...], window: Window) -> tuple[Any, Any]:
        """Return a room ``(C, *S, N)`` that all windows lie in, and the image's part of it."""
        sizes = [
            max(size, (count - 1) * stride + kernel)
            for size, count, stride, kernel in zip(
                image.shape[1:-1], places, window.stride, window.kernel, strict=True
            )
        ]
        room = self.scratch.take((image.shape[0], *sizes, image.shape[-1]), image.dtype)
        return room, room[self.middle(image.shape[1:-1], (0,) * len(sizes))]

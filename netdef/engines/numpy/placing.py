"""Pixels moved to and from places of their plane that a blob names."""

from typing import Any

from netdef.engines.engine import Run
from netdef.engines.numpy.images import Images
from netdef.errors import DataError


class Placing(Images):
    """The primitives ``unpool`` and ``unpool_grad``."""

    def unpool(self, x: Any, place: Any, out: Any) -> Run:
        values, places = self._planes(x), _Places(self, place, out)
        goal = self._planes(out)

        def run() -> None:
            at = places.read()
            out.fill(0)
            goal[at] = values

        return run

    def unpool_grad(self, dy: Any, place: Any, out: Any) -> Run:
        errors, places = self._planes(dy), _Places(self, place, dy)
        goal = self._planes(out)

        def run() -> None:
            goal[...] = errors[places.read()]

        return run

    def _planes(self, x: Any) -> Any:
        """View ``(N, C, *S)`` as (C, pixels, N)."""
        planes = self.inner(x).view()
        planes.shape = (x.shape[1], x.size // (x.shape[0] * x.shape[1]), x.shape[0])
        return planes


class _Places:
    """Places in a plane as they come from a blob, checked."""

    def __init__(self, engine: Placing, place: Any, image: Any) -> None:
        self.xp, self._place = engine.xp, engine._planes(place)
        self.pixels = image.size // (image.shape[0] * image.shape[1])
        channels, _, items = self._place.shape
        self.number = engine.scratch.take(self._place.shape, "int64")
        self._channel = self.xp.arange(channels).reshape(-1, 1, 1)
        self._item = self.xp.arange(items)

    def read(self) -> tuple[Any, Any, Any]:
        """Return the index of the pixels that the blob names now.

        Raises:
            DataError: one is outside the plane.
        """
        self.xp.copyto(self.number, self._place, casting="unsafe")
        if self.number.size and not 0 <= self.number.min() <= self.number.max() < self.pixels:
            wrong = (self.number < 0) | (self.number >= self.pixels)
            raise DataError(
                f"the mask names pixel {int(self.number[wrong][0])}, but the output's planes have"
                f" {self.pixels}; give it the size of the pooling layer's input"
            )
        return self._channel, self.number, self._item

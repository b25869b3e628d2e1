"""Images as (C, *S, N) in memory, and the windows over them."""

from typing import Any

import numpy as np

from netdef.engines.engine import Engine, Run
from netdef.window import Window


class Images(Engine):
    """What convolution and pooling share."""

    def inner(self, x: Any) -> Any:
        """Look at an ``(N, C, *S)`` array as ``(C, *S, N)``."""
        return x.transpose(*range(1, x.ndim), 0)

    def padded(self, x: Any, pad: tuple[int, ...], value: float = 0) -> tuple[Any, Run | None]:
        """Return x as contiguous ``(C, *S + 2 pad, N)``, and what has to run to fill it.

        The array itself if nothing needs to be done.
        """
        image = self.inner(x)
        if not any(pad) and image.flags.c_contiguous:
            return image, None
        sizes = [s + 2 * p for s, p in zip(image.shape[1:-1], pad, strict=True)]
        room = self.scratch.take((image.shape[0], *sizes, image.shape[-1]), x.dtype)
        middle = room[self.middle(image.shape[1:-1], pad)]
        edges = [room[e] for e in _edges(sizes, pad)]
        copyto = self.xp.copyto

        def run() -> None:
            for edge in edges:
                edge.fill(value)
            copyto(middle, image)

        return room, run

    def target(self, out: Any) -> tuple[Any, Run | None]:
        """Return a contiguous ``(C, *S, N)`` to write to, and what copies it to out if need be."""
        y = self.inner(out)
        if y.flags.c_contiguous:
            return y, None
        room = self.scratch.take(y.shape, y.dtype)
        return room, lambda: self.xp.copyto(y, room)

    def padded_target(self, out: Any, pad: tuple[int, ...]) -> tuple[Any, Run | None]:
        """Like ``target``, with padding around it that is thrown away."""
        if not any(pad):
            return self.target(out)
        y = self.inner(out)
        sizes = [s + 2 * p for s, p in zip(y.shape[1:-1], pad, strict=True)]
        room = self.scratch.take((y.shape[0], *sizes, y.shape[-1]), y.dtype)
        middle = room[self.middle(y.shape[1:-1], pad)]
        return room, lambda: self.xp.copyto(y, middle)

    @staticmethod
    def middle(image: tuple[int, ...], pad: tuple[int, ...]) -> tuple[slice, ...]:
        """Return where the image lies in its padded room ``(C, *S, N)``."""
        return (slice(None), *(slice(p, p + s) for s, p in zip(image, pad, strict=True)))

    def taps(self, room: Any, window: Window, places: tuple[int, ...]) -> Any:
        """View a contiguous room ``(C, *S, N)`` as ``(C, *kernel, *places, N)``."""
        pixel = room.strides[1:-1]
        kernel = [s * d for s, d in zip(pixel, window.dilation, strict=True)]
        place = [s * t for s, t in zip(pixel, window.stride, strict=True)]
        return self.xp.lib.stride_tricks.as_strided(
            room,
            (room.shape[0], *window.kernel, *places, room.shape[-1]),
            (room.strides[0], *kernel, *place, room.strides[-1]),
        )


def _edges(sizes: list[int], pad: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """Return the slabs of a padded room that are padding."""
    found = []
    for axis, (size, p) in enumerate(zip(sizes, pad, strict=True)):
        before = (slice(None),) * (axis + 1)
        if p:
            found += [(*before, slice(0, p)), (*before, slice(size - p, size))]
    return found


def kernel_places(kernel: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the places of a kernel, row by row."""
    return list(np.ndindex(*kernel))

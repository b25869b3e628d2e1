"""Pooling, tap by tap: each place of the kernel is one pass over the whole output."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from netdef.engines.engine import Run
from netdef.engines.numpy.images import Images, kernel_places
from netdef.window import Window

Slices = tuple[slice, ...]
_Tap = tuple[int, Slices, Slices]
_BLOCK = 1 << 15
"""Elements of the output worked on at once."""


class Pooling(Images):
    """The primitives ``pool_max`` and ``pool_average`` with their gradients.

    They work block by block of channels and rows of the output, so that what a window
    meets again is still in the cache.
    """

    def pool_max(self, x: Any, out: Any, index: Any, *, window: Window) -> Run:
        image, y = self.inner(x), self.inner(out)
        places = None if index is None else self.inner(index)
        blocks = list(_blocks(image, y, window))
        largest = max(y[b.target].size for b in blocks)
        is_larger = self.scratch.take((largest,), "bool")
        number = self.scratch.take((largest,), places.dtype) if places is not None else None
        greater, maximum, multiply = self.xp.greater, self.xp.maximum, self.xp.multiply
        steps = []
        for block in blocks:
            begin, first, others = self._first_tap(image, y, block)
            taps = []
            for i, pixels, windows in others:
                best = y[windows]
                if places is None:
                    taps.append((image[pixels], best, None, None, None, None, 0))
                    continue
                mask, part = _like(is_larger, best), _like(number, best)
                tap = places.dtype.type(i)
                taps.append(
                    (image[pixels], best, places[windows], mask, mask.view(np.uint8), part, tap)
                )
            steps.append((begin, _at(places, block.target), first, taps))

        def run() -> None:
            for begin, place_of_all, first, taps in steps:
                begin()
                if place_of_all is None:
                    for pixels, best, *_ in taps:
                        maximum(best, pixels, out=best)
                    continue
                place_of_all.fill(first)
                for pixels, best, place, mask, bits, part, tap in taps:
                    greater(pixels, best, out=mask)
                    maximum(best, pixels, out=best)
                    multiply(bits, tap, out=part)
                    maximum(place, part, out=place)

        return run

    def _first_tap(self, image: Any, y: Any, block: "_Block") -> tuple[Run, int, list[_Tap]]:
        """Return what begins the search for the largest pixel, its place, and the taps left.

        The block's first tap begins it if that meets a pixel in every window.
        """
        whole, (number, pixels, windows) = y[block.target], block.taps[0]
        if y[windows].shape == whole.shape:
            return partial(self.xp.copyto, whole, image[pixels]), number, block.taps[1:]
        return partial(whole.fill, -np.inf), 0, block.taps

    def pool_max_grad(self, dy: Any, index: Any, out: Any, *, window: Window) -> Run:
        error, places, dx = self.inner(dy), self.inner(index), self.inner(out)
        blocks = list(_blocks(dx, error, window))
        largest = max(error[b.target].size for b in blocks)
        is_here = self.scratch.take((largest,), "bool")
        product = self.scratch.take((largest,), error.dtype)
        equal, multiply, add = self.xp.equal, self.xp.multiply, self.xp.add
        steps = [
            (
                dx[pixels],
                error[windows],
                places[windows],
                places.dtype.type(i),
                _like(is_here, error[windows]),
                _like(product, error[windows]),
            )
            for block in blocks
            for i, pixels, windows in block.taps
        ]

        overlap = any(k > s for k, s in zip(window.kernel, window.stride, strict=True))

        def run() -> None:
            dx.fill(0)
            for goal, e, place, tap, mask, part in steps:
                equal(place, tap, out=mask)
                if not overlap:
                    multiply(e, mask, out=goal)
                    continue
                multiply(e, mask, out=part)
                add(goal, part, out=goal)

        return run

    def pool_max_place(self, index: Any, out: Any, *, window: Window, size: tuple[int, ...]) -> Run:
        table = self.xp.asarray(_pixel_of_tap(window, size, index.shape[2:]), dtype=out.dtype)
        kernel = int(np.prod(window.kernel))
        planes = table.reshape(kernel, *index.shape[2:])

        def run() -> None:
            for i in range(kernel):
                self.xp.copyto(out, planes[i], where=index == i)

        return run

    def pool_average(self, x: Any, out: Any, *, window: Window) -> Run:
        image, y = self.inner(x), self.inner(out)
        weight = self.xp.broadcast_to(self._reciprocal_divisor(image, y, window), y.shape)
        steps = [
            (y[block.target], weight[block.target], [(image[p], y[w]) for _, p, w in block.taps])
            for block in _blocks(image, y, window)
        ]
        add, multiply = self.xp.add, self.xp.multiply

        def run() -> None:
            for total, factor, taps in steps:
                total.fill(0)
                for pixels, part in taps:
                    add(part, pixels, out=part)
                multiply(total, factor, out=total)

        return run

    def pool_average_grad(self, dy: Any, out: Any, *, window: Window) -> Run:
        error, dx = self.inner(dy), self.inner(out)
        weight = self.xp.broadcast_to(self._reciprocal_divisor(dx, error, window), error.shape)
        blocks = list(_blocks(dx, error, window))
        share = self.scratch.take((max(error[b.target].size for b in blocks),), error.dtype)
        add, multiply = self.xp.add, self.xp.multiply
        steps = [
            (
                error[block.target],
                weight[block.target],
                _like(share, error[block.target]),
                [
                    (dx[pixels], _like(share, error[block.target])[_within(windows, block.target)])
                    for _, pixels, windows in block.taps
                ],
            )
            for block in blocks
        ]

        def run() -> None:
            dx.fill(0)
            for e, factor, room, taps in steps:
                multiply(e, factor, out=room)
                for goal, part in taps:
                    add(goal, part, out=goal)

        return run

    def _reciprocal_divisor(self, image: Any, y: Any, window: Window) -> Any:
        """Return 1 / (size of each window, clipped to the padded image), as Caffe divides."""
        total = np.ones((1,) * y.ndim)
        for axis, size in enumerate(image.shape[1:-1]):
            k, s, p = window.kernel[axis], window.stride[axis], window.pad[axis]
            start = np.arange(y.shape[axis + 1]) * s - p
            length = np.minimum(start + k, size + p) - start
            shape = [1] * y.ndim
            shape[axis + 1] = -1
            total = total * length.reshape(shape)
        return self.xp.asarray(1 / total, dtype=y.dtype)


@dataclass(frozen=True)
class _Block:
    """Some channels and rows of the output, and what each place of the kernel meets there."""

    target: Slices
    taps: list[_Tap]
    """The number of the place, the pixels, and the windows."""


def _blocks(image: Any, places: Any, window: Window) -> Iterator[_Block]:
    """Part ``(C, *T, N)`` into blocks of about ``_BLOCK`` elements."""
    channels, rows = places.shape[:2]
    row = places.size // max(1, channels * rows)
    high = max(1, min(rows, _BLOCK // max(1, row)))
    deep = max(1, min(channels, _BLOCK // max(1, row * high))) if high == rows else 1
    for c in range(0, channels, deep):
        depth = slice(c, min(c + deep, channels))
        for r in range(0, rows, high):
            height = slice(r, min(r + high, rows))
            yield _Block((depth, height), list(_taps(image, places, window, depth, height)))


def _taps(image: Any, places: Any, window: Window, depth: slice, height: slice) -> Iterator[_Tap]:
    """Yield for each place of the kernel the pixels it meets, and in which windows."""
    for number, tap in enumerate(kernel_places(window.kernel)):
        pixels, windows = [depth], [depth]
        for axis, t in enumerate(tap):
            s, offset = window.stride[axis], t * window.dilation[axis] - window.pad[axis]
            low, high = (height.start, height.stop) if axis == 0 else (0, places.shape[axis + 1])
            first = max(low, -(offset // s))
            last = min(high, (image.shape[axis + 1] - 1 - offset) // s + 1)
            if first >= last:
                break
            pixels.append(slice(first * s + offset, (last - 1) * s + offset + 1, s))
            windows.append(slice(first, last))
        else:
            yield number, tuple(pixels), tuple(windows)


def _pixel_of_tap(
    window: Window, size: tuple[int, ...], places: tuple[int, ...]
) -> "np.ndarray[Any, Any]":
    """Return for each place of the kernel and each window the pixel's number in the plane."""
    table = np.zeros((int(np.prod(window.kernel)), *places))
    for i, tap in enumerate(kernel_places(window.kernel)):
        number = np.zeros(places)
        for axis, t in enumerate(tap):
            at = np.arange(places[axis]) * window.stride[axis] - window.pad[axis] + t
            shape = [1] * len(places)
            shape[axis] = -1
            number = number * size[axis] + at.reshape(shape)
        table[i] = number
    return table


def _at(array: Any, key: Any) -> Any:
    return None if array is None else array[key]


def _like(room: Any, part: Any) -> Any:
    """Return the front of a flat scratch array in the shape of part."""
    return room[: part.size].reshape(part.shape)


def _within(windows: Slices, target: Slices) -> Slices:
    """Return the windows counted from the block's first channel and row."""
    moved = [
        slice(w.start - t.start, w.stop - t.start) for w, t in zip(windows, target, strict=False)
    ]
    return (*moved, *windows[len(target) :])

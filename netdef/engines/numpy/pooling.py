"""Pooling, tap by tap: each place of the kernel is one pass over the whole output."""

from typing import Any

import numpy as np

from netdef.engines.engine import Run
from netdef.engines.numpy.images import Images, kernel_places
from netdef.window import Window

Tap = tuple[tuple[slice, ...], tuple[slice, ...]]


class Pooling(Images):
    """The primitives ``pool_max`` and ``pool_average`` with their gradients, and ``window_sum``."""

    def pool_max(self, x: Any, out: Any, index: Any, *, window: Window) -> Run:
        image, y = self.inner(x), self.inner(out)
        places = None if index is None else self.inner(index)
        taps = [(image[a], y[b], _at(places, b)) for a, b in _taps(image, y, window)]
        is_larger = self.scratch.take(y.shape, "bool")
        number = self.scratch.take(y.shape, places.dtype) if places is not None else None
        greater, maximum, multiply = self.xp.greater, self.xp.maximum, self.xp.multiply
        room = [(_like(is_larger, t[1]), _at(number, _all_of(t[1]))) for t in taps]
        number_of = None if places is None else places.dtype.type

        def run() -> None:
            y.fill(-np.inf)
            if places is None:
                for pixels, best, _ in taps:
                    maximum(best, pixels, out=best)
                return
            places.fill(0)
            for i, (pixels, best, place) in enumerate(taps):
                mask, product = room[i]
                greater(pixels, best, out=mask)
                maximum(best, pixels, out=best)
                multiply(mask.view(np.uint8), number_of(i), out=product)
                maximum(place, product, out=place)

        return run

    def pool_max_grad(self, dy: Any, index: Any, out: Any, *, window: Window) -> Run:
        error, places, dx = self.inner(dy), self.inner(index), self.inner(out)
        taps = [(dx[a], error[b], places[b]) for a, b in _taps(dx, error, window)]
        is_here = self.scratch.take(error.shape, "bool")
        product = self.scratch.take(error.shape, error.dtype)
        room = [(_like(is_here, t[1]), _like(product, t[1])) for t in taps]
        equal, multiply, add = self.xp.equal, self.xp.multiply, self.xp.add

        def run() -> None:
            dx.fill(0)
            for i, (goal, e, place) in enumerate(taps):
                mask, part = room[i]
                equal(place, i, out=mask)
                multiply(e, mask, out=part)
                add(goal, part, out=goal)

        return run

    def pool_max_place(
        self, index: Any, out: Any, *, window: Window, size: tuple[int, ...]
    ) -> Run:
        table = self.xp.asarray(_pixel_of_tap(window, size, index.shape[2:]), dtype=out.dtype)
        kernel = int(np.prod(window.kernel))
        planes = table.reshape(kernel, *index.shape[2:])

        def run() -> None:
            for i in range(kernel):
                self.xp.copyto(out, planes[i], where=index == i)

        return run

    def pool_average(self, x: Any, out: Any, *, window: Window) -> Run:
        image, y = self.inner(x), self.inner(out)
        taps = [(image[a], y[b]) for a, b in _taps(image, y, window)]
        weight = self._reciprocal_divisor(image.shape[1:-1], y, window)
        add, multiply = self.xp.add, self.xp.multiply

        def run() -> None:
            y.fill(0)
            for pixels, total in taps:
                add(total, pixels, out=total)
            multiply(y, weight, out=y)

        return run

    def pool_average_grad(self, dy: Any, out: Any, *, window: Window) -> Run:
        error, dx = self.inner(dy), self.inner(out)
        share = self.scratch.take(error.shape, error.dtype)
        taps = [(dx[a], share[b]) for a, b in _taps(dx, error, window)]
        weight = self._reciprocal_divisor(dx.shape[1:-1], error, window)
        add, multiply = self.xp.add, self.xp.multiply

        def run() -> None:
            multiply(error, weight, out=share)
            dx.fill(0)
            for goal, part in taps:
                add(goal, part, out=goal)

        return run

    def _reciprocal_divisor(self, image: tuple[int, ...], y: Any, window: Window) -> Any:
        """Return 1 / (size of each window, clipped to the padded image), as Caffe divides."""
        total = np.ones((1,) * y.ndim)
        for axis, size in enumerate(image):
            k, s, p = window.kernel[axis], window.stride[axis], window.pad[axis]
            start = np.arange(y.shape[axis + 1]) * s - p
            length = np.minimum(start + k, size + p) - start
            shape = [1] * y.ndim
            shape[axis + 1] = -1
            total = total * length.reshape(shape)
        return self.xp.asarray(1 / total, dtype=y.dtype)

    def window_sum(self, x: Any, out: Any, *, size: int, axis: int) -> Run:
        count, before = x.shape[axis], (size - 1) // 2
        lead = (slice(None),) * axis
        parts = []
        for shift in range(-before, size - before):
            low, high = max(0, -shift), min(count, count - shift)
            if low < high:
                goal, source = slice(low, high), slice(low + shift, high + shift)
                parts.append((out[(*lead, goal)], x[(*lead, source)]))
        add, copyto = self.xp.add, self.xp.copyto
        parts = [p for p in parts if p[0].shape != out.shape]

        def run() -> None:
            copyto(out, x)
            for goal, part in parts:
                add(goal, part, out=goal)

        return run


def _taps(image: Any, places: Any, window: Window) -> list[Tap]:
    """Return for each place of the kernel the pixels it meets, and in which windows."""
    taps = []
    for tap in kernel_places(window.kernel):
        pixels, windows = [slice(None)], [slice(None)]
        for axis, t in enumerate(tap):
            s, p = window.stride[axis], window.pad[axis]
            size, count = image.shape[axis + 1], places.shape[axis + 1]
            offset = t * window.dilation[axis] - p
            first = max(0, -(offset // s))
            last = min(count - 1, (size - 1 - offset) // s)
            start = first * s + offset
            stop = last * s + offset + 1 if last >= first else start
            pixels.append(slice(start, max(start, stop), s))
            windows.append(slice(first, max(first, last + 1)))
        taps.append((tuple(pixels), tuple(windows)))
    return taps


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


def _all_of(array: Any) -> tuple[slice, ...]:
    return tuple(slice(0, n) for n in array.shape)


def _like(array: Any, part: Any) -> Any:
    """Return a corner of a scratch array in the shape of part."""
    return array[_all_of(part)]

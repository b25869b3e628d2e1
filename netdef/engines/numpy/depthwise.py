"""Convolution of each channel with a filter of its own, one pass for each place of the kernel."""

from collections.abc import Iterator
from typing import Any

from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.images import Images, kernel_places
from netdef.window import Window


class Depthwise(Images):
    """``conv`` and its gradients where each group is one channel and one filter."""

    def depthwise(self, x: Any, weight: Any, bias: Any, out: Any, window: Window) -> Run:
        """Convolve: the sum over the places of the kernel of its pixels times their weights."""
        room, fill = self.padded(x, window.pad)
        y, finish = self.target(out)
        taps, tall = self.taps(room, window, y.shape[1:-1]), (-1,) + (1,) * (y.ndim - 1)
        parts = [(taps[k], filters.reshape(tall)) for k, filters in _by_place(weight, window)]
        product = self.scratch.take(y.shape, y.dtype)
        multiply, add = self.xp.multiply, self.xp.add
        tall_bias = None if bias is None else bias.reshape(tall)

        def run() -> None:
            multiply(*parts[0], out=y)
            for pixels, w in parts[1:]:
                multiply(pixels, w, out=product)
                add(y, product, out=y)
            if tall_bias is not None:
                add(y, tall_bias, out=y)

        return in_order(fill, run, finish)

    def depthwise_grad_x(self, weight: Any, dy: Any, out: Any, window: Window) -> Run:
        error, prepare = self.padded(dy, (0,) * len(window.pad))
        room, finish = self.padded_target(out, window.pad)
        taps, tall = self.taps(room, window, error.shape[1:-1]), (-1,) + (1,) * (error.ndim - 1)
        parts = [(taps[k], filters.reshape(tall)) for k, filters in _by_place(weight, window)]
        product = self.scratch.take(error.shape, error.dtype)
        multiply, add = self.xp.multiply, self.xp.add

        def run() -> None:
            room.fill(0)
            for goal, w in parts:
                multiply(error, w, out=product)
                add(goal, product, out=goal)

        return in_order(prepare, run, finish)

    def depthwise_grad_weight(self, x: Any, dy: Any, add_to: Any, window: Window) -> Run:
        room, fill = self.padded(x, window.pad)
        error, prepare = self.padded(dy, (0,) * len(window.pad))
        taps = self.taps(room, window, error.shape[1:-1])
        parts = [(taps[k], goal) for k, goal in _by_place(add_to, window)]
        product = self.scratch.take(error.shape, error.dtype)
        total = self.scratch.take((error.shape[0],), error.dtype)
        flat = product.reshape(product.shape[0], -1)
        multiply, add = self.xp.multiply, self.xp.add

        def run() -> None:
            for pixels, goal in parts:
                multiply(pixels, error, out=product)
                flat.sum(axis=1, out=total)
                add(goal, total, out=goal)

        return in_order(fill, prepare, run)


def _by_place(weight: Any, window: Window) -> Iterator[tuple[Any, Any]]:
    """Yield for each place of the kernel where its pixels lie in the taps, and its weights."""
    for place in kernel_places(window.kernel):
        yield (slice(None), *place), weight[(slice(None), 0, *place)]

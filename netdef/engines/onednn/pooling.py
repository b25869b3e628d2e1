"""Pooling: the largest pixel and the mean under a window, with their gradients."""

from functools import partial
from typing import Any

import numpy as np

from netdef.engines.engine import Run, in_order
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import (
    DIFF_DST,
    DIFF_SRC,
    DST,
    INFERENCE,
    SRC,
    TRAINING,
    WORKSPACE,
    Kernel,
    dims,
)
from netdef.engines.scratch import axes_in_memory, fake
from netdef.window import Window

_MAX, _MEAN_WITH_PADDING, _MEAN_OF_PIXELS = 0x1FF, 0x2FF, 0x3FF


class Pooling(Calls):
    """The primitives ``pool_max``, ``pool_average`` and their gradients.

    Caffe's rounding up is a larger padding behind. oneDNN's workspace of the largest pixel is
    our index: its place in the kernel, row by row. Pooled images that lie in another order
    than the images, such as those that a product reads, are reordered.
    """

    def pool_max(self, x: Any, out: Any, index: Any, *, window: Window) -> Run:
        kernel = self._pool(_MAX, x, out, window, INFERENCE if index is None else TRAINING)
        writes = {DST: out} if index is None else {DST: out, WORKSPACE: index}
        return self.ready(kernel, {SRC: x}, writes)

    def pool_max_grad(self, dy: Any, index: Any, out: Any, *, window: Window) -> Run:
        kernel = self._pool_grad(_MAX, dy, out, window)
        return self.ready(kernel, {DIFF_DST: dy, WORKSPACE: index}, {DIFF_SRC: out})

    def pool_average(self, x: Any, out: Any, *, window: Window) -> Run:
        kernel = self._pool(_divisor(window), x, out, window, INFERENCE)
        correct = _correction(x.shape[2:], out, window)
        return in_order(self.ready(kernel, {SRC: x}, {DST: out}), correct)

    def pool_average_grad(self, dy: Any, out: Any, *, window: Window) -> Run:
        share, copy = dy, None
        if _correction(out.shape[2:], dy, window):
            share = self.scratch.take_like(dy)
            copy = partial(np.copyto, share, dy)
        correct = _correction(out.shape[2:], share, window)
        kernel = self._pool_grad(_divisor(window), share, out, window)
        return in_order(copy, correct, self.ready(kernel, {DIFF_DST: share}, {DIFF_SRC: out}))

    def _pool(self, algorithm: int, x: Any, y: Any, window: Window, purpose: int) -> Kernel:
        describe, (x, y) = self.describe, self.alike(x, _laid_like(x, y))
        return self.kernel(
            "pooling_forward",
            *(self.library.engine, purpose, algorithm, describe.like(x), describe.like(y)),
            *(*_moves(window, x.shape, y.shape), describe.attributes()),
        )

    def _pool_grad(self, algorithm: int, dy: Any, dx: Any, window: Window) -> Kernel:
        describe, (dx, dy) = self.describe, self.alike(dx, _laid_like(dx, dy))
        hint = self._pool(algorithm, dx, dy, window, TRAINING)
        return self.kernel(
            "pooling_backward",
            *(self.library.engine, algorithm, describe.like(dx), describe.like(dy)),
            *(*_moves(window, dx.shape, dy.shape), hint.handle, describe.attributes()),
        )


def _laid_like(example: Any, array: Any) -> Any:
    """Return a fake of the array, to be described, whose axes lie in the order of another's."""
    return fake(array.shape, array.dtype, tuple(axes_in_memory(example)))


def _moves(window: Window, image: tuple[int, ...], places: tuple[int, ...]) -> tuple[Any, ...]:
    """Return strides, kernel, dilations and the padding before and after, as oneDNN takes them."""
    after = (
        max(0, (n - 1) * t + k - s - p)
        for n, t, k, s, p in zip(
            *(places[2:], window.stride, window.kernel, image[2:], window.pad), strict=True
        )
    )
    nothing = (0,) * len(window.pad)
    return tuple(map(dims, (window.stride, window.kernel, nothing, window.pad, after)))


def _divisor(window: Window) -> int:
    """Return the mean that divides as Caffe does but for windows that overhang the padding."""
    return _MEAN_WITH_PADDING if any(window.pad) else _MEAN_OF_PIXELS


def _correction(image: tuple[int, ...], y: Any, window: Window) -> Run | None:
    """Return what corrects y where windows overhang the padded image, or None if none do.

    Caffe divides by the size of the window clipped to the padded image. Only the last window
    of an axis can overhang it.
    """
    if not any(window.pad):
        return None
    edges: list[Run] = []
    for axis, (size, k, t, p) in enumerate(
        zip(image, window.kernel, window.stride, window.pad, strict=True)
    ):
        start = (y.shape[axis + 2] - 1) * t - p
        length = min(start + k, size + p) - start
        if length < k:
            edge = y[(slice(None),) * (axis + 2) + (slice(-1, None),)]
            edges.append(partial(np.multiply, edge, k / length, out=edge))
    return in_order(*edges) if edges else None

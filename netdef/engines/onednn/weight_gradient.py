"""The gradients of a convolution's weight and bias."""

from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from netdef.engines.engine import Run, in_order
from netdef.engines.onednn.convolution import DIRECT, Convolutions, grouped, moves
from netdef.engines.onednn.primitive import DIFF_BIAS, DIFF_DST, DIFF_WEIGHTS, SRC, Kernel
from netdef.engines.onednn.sgemm import sgemm
from netdef.window import Window

_FEW = 4
"""Channels of pictures, of which no blocks are made."""
_REORDERED = 9
"""GB a second of one core that a reorder moves."""


class WeightGradients(Convolutions):
    """The primitive ``conv_grad_weight``."""

    def conv_grad_weight(
        self,
        x: Any,
        dy: Any,
        add_to: Any,
        add_bias: Any = None,
        *,
        window: Window,
        group: int,
    ) -> Run:
        if _is_product(x, dy, add_to, window):
            return self._by_pixels(x, dy, add_to, add_bias, window.stride)
        describe, filters = self.describe, grouped(add_to, group)
        image, errors = self.alike(x, dy)
        w = describe.any(filters.shape)
        b = None if add_bias is None else describe.like(add_bias)
        hint = self.forward_kernel(image, filters, add_bias, errors, window)

        def way(source: int, goal: int) -> Kernel:
            return self.kernel(
                "convolution_backward_weights",
                *(self.library.engine, DIRECT, source, w, b, goal),
                *(*moves(window, x.shape, dy.shape), hint.handle, describe.attributes()),
            )

        ways = self.ways(way, image, errors)
        if blocks := _blocks(image, errors, window, group):
            pairs = zip((image, errors), blocks, strict=True)
            tagged = [describe.tagged(a.shape, tag, a.dtype.name) for a, tag in pairs]
            ways = chain([lambda: way(*tagged)], ways)
        kernel = self.first_that_fits(ways)
        writes = {DIFF_WEIGHTS: filters}
        if add_bias is not None:
            writes[DIFF_BIAS] = add_bias
        return self.ready(kernel, {SRC: x, DIFF_DST: dy}, writes, adds=True)

    def _by_pixels(self, x: Any, dy: Any, weight: Any, bias: Any, stride: tuple[int, ...]) -> Run:
        """Return what adds the product of dy's pixels and those that a window of one meets."""
        met, copy = x[(..., *(slice(None, None, step) for step in stride))], None
        if max(stride) > 1:
            skipped, met = met, self._room_of_images(met)
            copy = partial(np.copyto, met, skipped)
        errors, goal = _rows(dy), weight.reshape(len(weight), -1)
        add = sgemm(self.library, errors, _rows(met), goal, adds=True, transposed=True)
        if bias is None:
            return in_order(copy, add)
        ones = self.scratch.take((1, len(errors)), x.dtype)
        total = sgemm(self.library, ones, errors, bias.reshape(1, -1), adds=True)
        return in_order(copy, add, partial(ones.fill, 1), total)

    def _room_of_images(self, images: Any) -> Any:
        """Return scratch memory for images of that shape, channels innermost."""
        number, channels, *size = images.shape
        return np.moveaxis(self.scratch.take((number, *size, channels), images.dtype), -1, 1)


def _is_product(x: Any, dy: Any, weight: Any, window: Window) -> bool:
    """True if the window is one pixel, and channels lie innermost: pixels are rows of a matrix."""
    types = {a.dtype.name for a in (x, dy, weight)}
    is_one = weight[0].size == x.shape[1] and not any(window.pad)
    return is_one and types == {"float32"} and all(map(_lies_in_rows, (x, dy, weight)))


def _lies_in_rows(images: Any) -> bool:
    return bool(np.moveaxis(images, 1, -1).flags.c_contiguous)


def _rows(images: Any) -> Any:
    """View images, channels innermost, as a matrix of their pixels."""
    return np.moveaxis(images, 1, -1).reshape(-1, images.shape[1], copy=False)


def _blocks(x: Any, dy: Any, window: Window, group: int) -> tuple[str, str] | None:
    """Return the layouts in which the gradient of the weight is worth two reorders.

    With channels innermost oneDNN 3.2 is slow at it for windows of one pixel, windows that
    skip, and few channels; blocks of 16 channels are faster there. What is compared are
    seconds of one core with AVX-512, from rates that were measured; see decision 0007.
    """
    inputs, outputs = x.shape[1] // group, dy.shape[1] // group
    if x.ndim != 4 or outputs % 16:
        return None
    if inputs <= _FEW and group == 1:
        return "abcd", "aBcd16b"
    size = int(np.prod(window.kernel))
    if inputs % 16 or (size > 1 and max(window.stride) == 1 and (inputs > 64 or size > 9)):
        return None
    work = 2e-9 * dy.size * inputs * size
    plain, blocked = (110, 175) if size > 1 else (min(inputs, 130), min(2 * inputs, 180))
    moved = 1e-9 * (x.nbytes + dy.nbytes) / _REORDERED
    return ("aBcd16b", "aBcd16b") if work / blocked + moved < work / plain else None

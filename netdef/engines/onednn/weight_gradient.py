"""The gradients of a convolution's weight and bias."""

from itertools import chain
from typing import Any

import numpy as np

from netdef.engines.engine import Refused, Run
from netdef.engines.onednn.convolution import DIRECT, grouped, moves
from netdef.engines.onednn.pixel_products import PixelProducts, lie_in_rows, meetings
from netdef.engines.onednn.primitive import DIFF_BIAS, DIFF_DST, DIFF_WEIGHTS, SRC, Kernel
from netdef.window import Window

_FEW = 4
"""Channels of pictures, of which no blocks are made."""
_REORDERED = 9
"""GB a second of one core that a reorder moves."""
_WORTH_COPIES, _MOST_TAPS = 90, 9
"""Multiplications for each number that is copied, and the copies of an image at most."""
_WIDEST = 14
"""Pixels of a window's side up to which oneDNN has a fast kernel for channels by themselves."""
_WORTH_BIAS = 1 << 14
"""Weights for which a bias in bfloat16 takes little."""


class WeightGradients(PixelProducts):
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
        if _are_products(x, dy, add_to, add_bias, window, group):
            return self.by_pixels(x, dy, add_to, add_bias, window, group)
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
        if filters.shape[1:3] == (1, 1) and max(window.kernel) > _WIDEST:
            raise Refused("is slower than NumPy with windows so large, of one channel each")
        writes = {DIFF_WEIGHTS: filters}
        if add_bias is not None:
            writes[DIFF_BIAS] = add_bias
        return self.ready(kernel, {SRC: x, DIFF_DST: dy}, writes, adds=True)


def _are_products(x: Any, dy: Any, weight: Any, bias: Any, window: Window, group: int) -> bool:
    """True if products of matrices of pixels are faster than oneDNN's kernel.

    They are if nothing is to be copied, or the channels are so many that copying pixels takes
    little beside multiplying them; in bfloat16 a bias must not cost more. See decision 0007.
    """
    inputs, outputs = weight.shape[1], len(weight) // group
    is_plain = lie_in_rows(x, dy) and weight.flags.c_contiguous
    if not is_plain or x.dtype != dy.dtype or weight.dtype != np.float32:
        return False
    if x.dtype != np.float32 and bias is not None and inputs * outputs < _WORTH_BIAS:
        return False
    if len(taps := meetings(window, x.shape[2:], dy.shape[2:])) == group == 1:
        return not any(window.pad)
    is_worth_it = inputs * outputs >= _WORTH_COPIES * (inputs + outputs)
    return 1 < len(taps) <= _MOST_TAPS and is_worth_it


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

"""Convolutions: forward, and the gradients of the image, the weight and the bias."""

from itertools import chain
from typing import Any

import numpy as np

from netdef.engines.engine import Run
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import (
    BIAS,
    CLIP,
    DIFF_BIAS,
    DIFF_DST,
    DIFF_SRC,
    DIFF_WEIGHTS,
    DST,
    POST_OP_SRC,
    RELU,
    SRC,
    TRAINING,
    WEIGHTS,
    Eltwise,
    Kernel,
    dims,
)
from netdef.window import Window

_DIRECT = 1
_FEW = 4
"""Channels of pictures, of which no blocks are made."""
_REORDERED = 9
"""GB a second of one core that a reorder moves."""


class Convolutions(Calls):
    """The primitives ``conv``, ``conv_grad_x`` and ``conv_grad_weight``."""

    def conv(
        self,
        x: Any,
        weight: Any,
        bias: Any,
        out: Any,
        *,
        window: Window,
        group: int,
        plus: Any = None,
        relu: bool = False,
        most: float | None = None,
        slope: float = 0,
    ) -> Run:
        filters = _grouped(weight, group)
        clip = _clip(relu, most, slope)
        kernel = self._forward(x, filters, bias, out, window, clip, plus)
        reads = {SRC: x, WEIGHTS: filters}
        if bias is not None:
            reads[BIAS] = bias
        added = {} if plus is None else {POST_OP_SRC: plus}
        return self.ready(kernel, reads, {DST: out}, vectors=added)

    def _forward(
        self,
        x: Any,
        filters: Any,
        bias: Any,
        y: Any,
        window: Window,
        clip: Eltwise | None = None,
        plus: Any = None,
    ) -> Kernel:
        describe, (x, y) = self.describe, self.alike(x, y)
        w = describe.any(filters.shape, x.dtype.name)
        b = None if bias is None else describe.like(bias)
        more = None if plus is None else describe.like(plus)
        attributes = describe.attributes(eltwise=clip, plus=more)

        def way(source: int, goal: int) -> Kernel:
            return self.kernel(
                "convolution_forward",
                *(self.library.engine, TRAINING, _DIRECT, source, w, b, goal),
                *(*_moves(window, x.shape, y.shape), attributes),
            )

        return self.first_that_fits(self._ways(way, x, y))

    def _ways(self, way: Any, x: Any, y: Any) -> Any:
        """Yield ways with the arrays as they lie, and as oneDNN likes them best."""
        describe = self.describe
        mine = describe.like(x), describe.like(y)
        any_x, any_y = (describe.any(a.shape, a.dtype.name) for a in (x, y))
        for pair in (mine, (any_x, mine[1]), (mine[0], any_y), (any_x, any_y)):
            yield lambda pair=pair: way(*pair)

    def conv_grad_x(self, weight: Any, dy: Any, out: Any, *, window: Window, group: int) -> Run:
        describe, filters, (image, errors) = (
            self.describe,
            _grouped(weight, group),
            self.alike(out, dy),
        )
        w = describe.any(filters.shape, image.dtype.name)
        hint = self._forward(image, filters, None, errors, window)

        def way(source: int, goal: int) -> Kernel:
            return self.kernel(
                "convolution_backward_data",
                *(self.library.engine, _DIRECT, source, w, goal),
                *(*_moves(window, out.shape, dy.shape), hint.handle, describe.attributes()),
            )

        kernel = self.first_that_fits(self._ways(way, image, errors))
        return self.ready(kernel, {WEIGHTS: filters, DIFF_DST: dy}, {DIFF_SRC: out})

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
        describe, filters = self.describe, _grouped(add_to, group)
        image, errors = self.alike(x, dy)
        w = describe.any(filters.shape)
        b = None if add_bias is None else describe.like(add_bias)
        hint = self._forward(image, filters, add_bias, errors, window)

        def way(source: int, goal: int) -> Kernel:
            return self.kernel(
                "convolution_backward_weights",
                *(self.library.engine, _DIRECT, source, w, b, goal),
                *(*_moves(window, x.shape, dy.shape), hint.handle, describe.attributes()),
            )

        ways = self._ways(way, image, errors)
        if blocks := _blocks(image, errors, window, group):
            pairs = zip((image, errors), blocks, strict=True)
            tagged = [describe.tagged(a.shape, tag, a.dtype.name) for a, tag in pairs]
            ways = chain([lambda: way(*tagged)], ways)
        kernel = self.first_that_fits(ways)
        writes = {DIFF_WEIGHTS: filters}
        if add_bias is not None:
            writes[DIFF_BIAS] = add_bias
        return self.ready(kernel, {SRC: x, DIFF_DST: dy}, writes, adds=True)


def _clip(relu: bool, most: float | None, slope: float) -> Eltwise | None:
    """Return what clips results at 0, and at ``most`` if it is given."""
    if not relu:
        return None
    return (RELU, slope, 0) if most is None else (CLIP, 0, most)


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


def _grouped(weight: Any, group: int) -> Any:
    """View a weight ``(O, C / group, ...)`` as ``(group, O / group, C / group, ...)``."""
    if group == 1:
        return weight
    return weight.reshape(group, weight.shape[0] // group, *weight.shape[1:])


def _moves(window: Window, image: tuple[int, ...], places: tuple[int, ...]) -> tuple[Any, ...]:
    """Return strides, dilations and the padding before and after, as oneDNN takes them."""
    after = window.pad
    if window.slide(image[2:]) != places[2:]:
        after = tuple(
            (n - 1) * t + r - s - p
            for n, t, r, s, p in zip(
                *(places[2:], window.stride, window.reach, image[2:], window.pad), strict=True
            )
        )
    return (
        dims(window.stride),
        dims(d - 1 for d in window.dilation),
        dims(window.pad),
        dims(after),
    )

"""Convolutions: forward, and the gradient of the image."""

from typing import Any

from netdef.engines.engine import Run
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import (
    BIAS,
    CLIP,
    DIFF_DST,
    DIFF_SRC,
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

DIRECT = 1


class Convolutions(Calls):
    """The primitives ``conv`` and ``conv_grad_x``."""

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
        filters = grouped(weight, group)
        clip = _clip(relu, most, slope)
        kernel = self.forward_kernel(x, filters, bias, out, window, clip, plus)
        reads = {SRC: x, WEIGHTS: filters}
        if bias is not None:
            reads[BIAS] = bias
        added = {} if plus is None else {POST_OP_SRC: plus}
        return self.ready(kernel, reads, {DST: out}, vectors=added)

    def forward_kernel(
        self,
        x: Any,
        filters: Any,
        bias: Any,
        y: Any,
        window: Window,
        clip: Eltwise | None = None,
        plus: Any = None,
    ) -> Kernel:
        """Choose the kernel of a convolution; kernels of gradients are made with it as a hint."""
        describe, (x, y) = self.describe, self.alike(x, y)
        w = describe.any(filters.shape, x.dtype.name)
        b = None if bias is None else describe.like(bias)
        more = None if plus is None else describe.like(plus)
        attributes = describe.attributes(eltwise=clip, plus=more)

        def way(source: int, goal: int) -> Kernel:
            return self.kernel(
                "convolution_forward",
                *(self.library.engine, TRAINING, DIRECT, source, w, b, goal),
                *(*moves(window, x.shape, y.shape), attributes),
            )

        return self.first_that_fits(self.ways(way, x, y))

    def ways(self, way: Any, x: Any, y: Any) -> Any:
        """Yield ways with the arrays as they lie, and as oneDNN likes them best."""
        describe = self.describe
        mine = describe.like(x), describe.like(y)
        any_x, any_y = (describe.any(a.shape, a.dtype.name) for a in (x, y))
        for pair in (mine, (any_x, mine[1]), (mine[0], any_y), (any_x, any_y)):
            yield lambda pair=pair: way(*pair)

    def conv_grad_x(self, weight: Any, dy: Any, out: Any, *, window: Window, group: int) -> Run:
        describe, filters, (image, errors) = (
            self.describe,
            grouped(weight, group),
            self.alike(out, dy),
        )
        w = describe.any(filters.shape, image.dtype.name)
        hint = self.forward_kernel(image, filters, None, errors, window)

        def way(source: int, goal: int) -> Kernel:
            return self.kernel(
                "convolution_backward_data",
                *(self.library.engine, DIRECT, source, w, goal),
                *(*moves(window, out.shape, dy.shape), hint.handle, describe.attributes()),
            )

        kernel = self.first_that_fits(self.ways(way, image, errors))
        return self.ready(kernel, {WEIGHTS: filters, DIFF_DST: dy}, {DIFF_SRC: out})


def _clip(relu: bool, most: float | None, slope: float) -> Eltwise | None:
    """Return what clips results at 0, and at ``most`` if it is given."""
    if not relu:
        return None
    return (RELU, slope, 0) if most is None else (CLIP, 0, most)


def grouped(weight: Any, group: int) -> Any:
    """View a weight ``(O, C / group, ...)`` as ``(group, O / group, C / group, ...)``."""
    if group == 1:
        return weight
    return weight.reshape(group, weight.shape[0] // group, *weight.shape[1:])


def moves(window: Window, image: tuple[int, ...], places: tuple[int, ...]) -> tuple[Any, ...]:
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

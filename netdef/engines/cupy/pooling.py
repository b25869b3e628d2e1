"""Pooling with Caffe's windows."""

from collections.abc import Sequence
from typing import Any

from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import Strides, strides_of, struct
from netdef.engines.engine import Refused, Run
from netdef.window import Window

_MOST = 3
"""Axes of the image."""


class Pooling(Launching):
    """The primitives ``pool_max`` and ``pool_average`` with their gradients.

    A thread makes one number. In the gradients each pixel gathers from the windows that meet
    it, so that sums are made in one order and no two threads write to one place.
    """

    def pool_max(self, x: Any, out: Any, index: Any, *, window: Window) -> Run:
        return self._pool("pool_max", out, window, (x, out, index), x, out, index)

    def pool_max_grad(self, dy: Any, index: Any, out: Any, *, window: Window) -> Run:
        return self._pool("pool_max_grad", out, window, (dy, index, out), out, dy, index)

    def pool_average(self, x: Any, out: Any, *, window: Window) -> Run:
        return self._pool("pool_average", out, window, (x, out), x, out)

    def pool_average_grad(self, dy: Any, out: Any, *, window: Window) -> Run:
        return self._pool("pool_average_grad", out, window, (dy, out), out, dy)

    def _pool(
        self,
        name: str,
        written: Any,
        window: Window,
        arguments: Sequence[Any],
        x: Any,
        y: Any,
        index: Any = None,
    ) -> Run:
        image, blocks = self.image_type((x, y)), self.blocks_for(written.size)
        pooling = _struct(written, window, x, y, index)
        index_type = self.index_type(index)
        return self.launch("pooling", name, image, blocks, *arguments, pooling, index=index_type)


def _struct(written: Any, window: Window, x: Any, y: Any, index: Any) -> Any:
    """Return the struct ``Pooling``.

    Raises:
        Refused: the window has more axes than the kernels, or is dilated.
    """
    if len(window.kernel) > _MOST:
        raise Refused(f"pools over at most {_MOST} axes, not {len(window.kernel)}")
    if set(window.dilation) != {1}:
        raise Refused("does not dilate the windows of pooling")
    spatial = [_spatial(part, 1) for part in (x.shape[2:], y.shape[2:], window.kernel)]
    moves = [_spatial(window.stride, 1), _spatial(window.pad, 0)]
    sizes = (*written.shape[:2], *_spatial(written.shape[2:], 1))
    lying = _five(strides_of(written))
    places = (_five(strides_of(a)) if a is not None else (0,) * 5 for a in (x, y, index))
    return struct(written.size, sizes, _steps(sizes, lying), *spatial, *moves, *places)


def _spatial(numbers: Sequence[int], value: int) -> tuple[int, ...]:
    """Put axes of one pixel in front of those of the image."""
    return (*(value,) * (_MOST - len(numbers)), *numbers)


def _five(strides: Strides) -> Strides:
    return (*strides[:2], *_spatial(strides[2:], 0))


def _steps(sizes: Sequence[int], strides: Strides) -> list[int]:
    """Number places in the order in which they lie: return the distance along each axis."""
    inner_first = sorted(range(len(sizes)), key=lambda i: (strides[i], -i))
    steps, step = [1] * len(sizes), 1
    for axis in inner_first:
        steps[axis], step = step, step * sizes[axis]
    return steps

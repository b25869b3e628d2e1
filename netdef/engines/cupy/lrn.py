"""Local response normalization across channels."""

from typing import Any

from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import Axes, axes_of, strides_of, struct
from netdef.engines.engine import Run


class LocalResponse(Launching):
    """The primitives ``lrn`` and ``lrn_grad``, a thread a number.

    Neighbouring channels are read again by each thread that needs them, from the cache.
    """

    def lrn(
        self,
        x: Any,
        out: Any,
        scales: Any,
        *,
        size: int,
        alpha: float,
        beta: float,
        k: float,
    ) -> Run:
        image = self.image_type((x, out, scales))
        axes, channels = _channels(x, out, scales, size)
        blocks, numbers = self.blocks_for(axes.count), (float(alpha), float(beta), float(k))
        return self.launch("lrn", "lrn", image, blocks, x, out, scales, channels, *numbers)

    def lrn_grad(
        self,
        x: Any,
        dy: Any,
        scales: Any,
        out: Any,
        *,
        size: int,
        alpha: float,
        beta: float,
        k: float,
    ) -> Run:
        image = self.image_type((x, dy, scales, out))
        axes, channels = _channels(x, dy, scales, size, out)
        goal = struct(axes.packed_strides()[4])
        blocks, numbers = self.blocks_for(axes.count), (float(alpha), float(beta))
        arrays = (x, dy, scales, out)
        return self.launch("lrn", "lrn_grad", image, blocks, *arrays, channels, goal, *numbers)


def _channels(x: Any, y: Any, scales: Any, size: int, *others: Any) -> tuple[Axes, Any]:
    """Return the axes of x, y, scales, the number of the channel and others; and the struct."""
    number = tuple(int(axis == 1) for axis in range(x.ndim))
    kept = (0,) * x.ndim if scales is None else strides_of(scales)
    lying, other = strides_of(x), strides_of(y)
    axes = axes_of(x.shape, lying, other, kept, number, *map(strides_of, others))
    steps = (lying[1], kept[1], other[1])
    head = (axes.count, x.shape[1], *steps, size)
    return axes, struct(head, axes.packed(), *axes.packed_strides()[:4])

"""The rectified linear unit with slopes of its own, made of elementwise calls and sums."""

from typing import Any

from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.splitting import Splitting


class PRelu(Splitting):
    """The primitives ``prelu`` and ``prelu_back``."""

    def prelu(self, x: Any, slope: Any, out: Any) -> Run:
        text = "maximum(x, 0) + slope * minimum(x, 0)"
        return self.mapped(text, x=x, slope=beside(slope, x), out=out)

    def prelu_back(self, x: Any, dy: Any, slope: Any, out: Any, add_slope: Any) -> Run:
        through, into = None, None
        if add_slope is not None:
            negative = self.scratch.take(x.shape, x.dtype)
            axes = tuple(i for i in range(x.ndim) if i != 1 or add_slope.ndim == 0)
            arrays = dict(a=dy, b=negative, add_to=add_slope)
            into = in_order(
                self.mapped("minimum(x, 0)", x=x, out=negative),
                self.prepare_wide("sum_product", arrays, dict(axes=axes)),
            )
        if out is not None:
            text = "dy * where(x > 0, 1, slope)"
            through = self.mapped(text, x=x, dy=dy, slope=beside(slope, x), out=out)
        return in_order(into, through)


def beside(slope: Any, x: Any) -> Any:
    """View slopes ``(C,)``, or one for all, along axis 1 of x."""
    return slope.reshape(1, -1, *(1,) * (x.ndim - 2))

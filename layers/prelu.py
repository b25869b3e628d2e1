"""The rectified linear unit whose slope is learned."""

from netdef.errors import ShapeError
from netdef.layer import Filler, Grad, Layer, Saved, Signature, Weight
from netdef.ops import Array, Ops
from netdef.shape import Shape


class PReLU(Layer, message="prelu_param"):
    """``y = x`` where x is positive, ``slope x`` elsewhere (He 2015).

    Each channel has a slope, or all share one (``channel_shared``); they begin at 0.25.

    Shapes:
        x, y: ``(N, C, ...)``.
        slope: ``(C,)``, or ``()`` if shared.

    Raises:
        ShapeError: x has no channels.
    """

    filler: Filler | None = None
    channel_shared: bool

    def infer(self, x: Shape) -> Signature:
        if len(x) < 2:
            raise ShapeError(f"a bottom of shape {x} has no channels; it needs at least 2 axes")
        slopes = () if self.channel_shared else (x[1],)
        filler = self.filler or Filler(type="constant", value=0.25)
        return Signature([x], [Weight("slope", slopes, filler)], [Saved("negative", x)])

    def forward(self, ops: Ops, x: Array, y: Array, slope: Array) -> None:
        text = "maximum(x, 0) + slope * minimum(x, 0)"
        ops.map(text, x=x, slope=_wide(slope, x), out=y)

    def backward(
        self, ops: Ops, x: Array, dy: Array, slope: Array, negative: Array, grad: Grad
    ) -> None:
        if grad.slope is not None:
            ops.map("minimum(x, 0)", x=x, out=negative)
            axes = tuple(i for i in range(x.ndim) if i != 1 or self.channel_shared)
            ops.sum_product(dy, negative, axes, add_to=grad.slope)
        if grad.x is not None:
            ops.map("dy * where(x > 0, 1, slope)", x=x, dy=dy, slope=_wide(slope, x), out=grad.x)


def _wide(slope: Array, x: Array) -> Array:
    """View slopes along axis 1 of x."""
    return slope.reshape(-1, *(1,) * (x.ndim - 2))

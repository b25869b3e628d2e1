"""The rectified linear unit whose slope is learned."""

from netdef.errors import ShapeError
from netdef.layer import Filler, Grad, Layer, Signature, Weight
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
        return Signature([x], [Weight("slope", slopes, filler)])

    def forward(self, ops: Ops, x: Array, y: Array, slope: Array) -> None:
        ops.prelu(x, slope, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, slope: Array, grad: Grad) -> None:
        if grad.x is not None or grad.slope is not None:
            ops.prelu_back(x, dy, slope, out=grad.x, add_slope=grad.slope)

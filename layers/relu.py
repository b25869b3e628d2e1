"""The rectified linear unit."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class ReLU(Layer, message="relu_param"):
    """``y = x`` where x is positive, ``negative_slope x`` elsewhere.

    Shapes:
        x, y: any.
    """

    negative_slope: float
    engine: str

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        if self.negative_slope == 0:
            ops.map("maximum(x, 0)", x=x, out=y)
        else:
            ops.map("maximum(x, 0) + slope * minimum(x, 0)", x=x, slope=self.negative_slope, out=y)

    def backward(self, ops: Ops, x: Array, y: Array, dy: Array, grad: Grad) -> None:
        """The sign of y is that of x, which need not be kept, unless the slope is negative."""
        if self.negative_slope == 0:
            ops.map("dy * (y > 0)", y=y, dy=dy, out=grad.x)
        else:
            slope = self.negative_slope
            s = x if slope < 0 else y
            ops.map("dy * (slope + (1 - slope) * (s > 0))", s=s, dy=dy, slope=slope, out=grad.x)

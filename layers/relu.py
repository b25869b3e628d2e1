"""The rectified linear unit."""

from netdef.layer import Grad, Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class ReLU(Layer, message="relu_param"):
    """``y = x`` where x is positive, ``negative_slope x`` elsewhere.

    Shapes:
        x, y: any.
    """

    negative_slope: float = field(at_least=0)
    engine: str

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        if self.negative_slope == 0:
            ops.map("maximum(x, 0)", x=x, out=y)
        else:
            ops.map("maximum(x, 0) + slope * minimum(x, 0)", x=x, slope=self.negative_slope, out=y)

    def backward(self, ops: Ops, y: Array, dy: Array, grad: Grad) -> None:
        """The sign of y is that of x, so that x need not be kept."""
        if self.negative_slope == 0:
            ops.map("dy * (y > 0)", y=y, dy=dy, out=grad.x)
        else:
            slope = self.negative_slope
            ops.map("dy * (slope + (1 - slope) * (y > 0))", y=y, dy=dy, slope=slope, out=grad.x)

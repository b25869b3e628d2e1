"""The absolute value."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class AbsVal(Layer):
    """``y = |x|``; the gradient at 0 is 0.

    Shapes:
        x, y: any.
    """

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("abs(x)", x=x, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        ops.map("dy * sign(x)", x=x, dy=dy, out=grad.x)

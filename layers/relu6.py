"""The rectified linear unit that ends at 6."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class ReLU6(Layer):
    """``y = min(max(x, 0), 6)`` (MobileNet, Howard 2017).

    Shapes:
        x, y: any.
    """

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("minimum(maximum(x, 0), 6)", x=x, out=y)

    def backward(self, ops: Ops, y: Array, dy: Array, grad: Grad) -> None:
        ops.map("dy * (y > 0) * (y < 6)", y=y, dy=dy, out=grad.x)

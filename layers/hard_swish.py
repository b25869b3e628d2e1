"""Swish by straight lines."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class HardSwish(Layer):
    """``y = x min(max(x + 3, 0), 6) / 6`` (MobileNetV3, Howard 2019).

    Shapes:
        x, y: any.
    """

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("x * minimum(maximum(x + 3, 0), 6) / 6", x=x, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        slope = "(x > -3) * (x < 3) * (2 * minimum(maximum(x, -3), 3) + 3) / 6 + (x >= 3)"
        ops.map(f"dy * ({slope})", x=x, dy=dy, out=grad.x)

"""The logistic function."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Sigmoid(Layer, message="sigmoid_param"):
    """``y = 1 / (1 + exp(-x))``, by way of ``tanh``, which cannot overflow.

    Shapes:
        x, y: any.
    """

    engine: str

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("0.5 * tanh(0.5 * x) + 0.5", x=x, out=y)

    def backward(self, ops: Ops, y: Array, dy: Array, grad: Grad) -> None:
        ops.map("dy * y * (1 - y)", y=y, dy=dy, out=grad.x)

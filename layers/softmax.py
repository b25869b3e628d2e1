"""Softmax."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Softmax(Layer, message="softmax_param"):
    """Turn scores along ``axis`` into probabilities: ``y = exp(x) / sum exp(x)``.

    Shapes:
        x, y: any that has ``axis``.
    """

    axis: int
    engine: str

    def infer(self, x: Shape) -> Signature:
        x.axis(self.axis)
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.softmax(x, self.axis, out=y)

    def backward(self, ops: Ops, y: Array, dy: Array, grad: Grad) -> None:
        ops.softmax_grad(y, dy, self.axis, out=grad.x)

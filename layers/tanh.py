"""The hyperbolic tangent."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class TanH(Layer, message="tanh_param"):
    """``y = tanh(x)``.

    Shapes:
        x, y: any.
    """

    engine: str

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("tanh(x)", x=x, out=y)

    def backward(self, ops: Ops, y: Array, dy: Array, grad: Grad) -> None:
        ops.map("dy * (1 - y * y)", y=y, dy=dy, out=grad.x)

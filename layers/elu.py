"""The exponential linear unit."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class ELU(Layer, message="elu_param"):
    """``y = x`` where x is positive, ``alpha (exp(x) - 1)`` elsewhere (Clevert 2015).

    Shapes:
        x, y: any.
    """

    alpha: float

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        text = "maximum(x, 0) + alpha * (exp(minimum(x, 0)) - 1)"
        ops.map(text, x=x, alpha=self.alpha, out=y)

    def backward(self, ops: Ops, x: Array, y: Array, dy: Array, grad: Grad) -> None:
        """With a positive alpha the sign of y is that of x, so that x need not be kept."""
        if self.alpha > 0:
            text = "dy * ((y > 0) + (y <= 0) * (minimum(y, 0) + alpha))"
            ops.map(text, y=y, dy=dy, alpha=self.alpha, out=grad.x)
        else:
            text = "dy * where(x > 0, 1, y + alpha)"
            ops.map(text, x=x, y=y, dy=dy, alpha=self.alpha, out=grad.x)

"""The self-gated activation."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape

_GATE = "(0.5 * tanh(0.5 * (beta * x)) + 0.5)"
"""The logistic function of ``beta x``, by way of ``tanh``, which cannot overflow."""


class Swish(Layer, message="swish_param"):
    """``y = x sigmoid(beta x)`` (Ramachandran 2017); also called SiLU with ``beta`` 1.

    Shapes:
        x, y: any.
    """

    beta: float

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map(f"x * {_GATE}", x=x, beta=self.beta, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        """``dx = dy s (1 + beta x (1 - s))``, s the sigmoid."""
        text = f"dy * {_GATE} * (1 + beta * x * (1 - {_GATE}))"
        ops.map(text, x=x, dy=dy, beta=self.beta, out=grad.x)

"""The binomial normal log likelihood, also called softplus."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class BNLL(Layer):
    """``y = log(1 + exp(x))``, computed so that no ``exp`` overflows.

    Shapes:
        x, y: any.
    """

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("maximum(x, 0) + log1p(exp(-abs(x)))", x=x, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        """Beyond 50 the factor is 1 to every digit: there Caffe stops ``exp``."""
        ops.map("dy * exp(minimum(x, 50)) / (1 + exp(minimum(x, 50)))", x=x, dy=dy, out=grad.x)

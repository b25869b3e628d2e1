"""Half the mean squared distance."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Saved, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class EuclideanLoss(Layer):
    """``sum (a - b)^2 / (2 N)``, for regression.

    Shapes:
        a, b: ``(N, ...)`` with as many numbers; both get a gradient.
        loss: ``()``.

    Raises:
        ShapeError: a and b differ in their numbers.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("a", "b")
    tops: ClassVar[tuple[str, ...]] = ("loss",)
    loss_weight: ClassVar[float] = 1.0

    def infer(self, a: Shape, b: Shape) -> Signature:
        if a[:1] != b[:1] or a.size != b.size:
            raise ShapeError(f"its bottoms {a} and {b} must have as many items, of one size")
        return Signature([Shape(())], saved=[Saved("square", a)])

    def forward(self, ops: Ops, a: Array, b: Array, loss: Array, square: Array) -> None:
        ops.map("square(a - b)", a=a, b=b.reshape(tuple(a.shape)), out=square)
        ops.sum(square, tuple(range(square.ndim)), out=loss)
        ops.map("loss / n / 2", loss=loss, n=a.shape[0], out=loss)

    def backward(self, ops: Ops, a: Array, b: Array, dloss: Array, grad: Grad) -> None:
        for x, y, goal in ((a, b, grad.a), (b, a, grad.b)):
            if goal is not None:
                other = y.reshape(tuple(x.shape))
                text = "(x - y) * dloss / n"
                ops.map(text, x=x, y=other, dloss=dloss, n=x.shape[0], out=goal)

"""Sums over the last axes."""

from netdef.layer import Grad, Layer, Saved, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Reduction(Layer, message="reduction_param"):
    """``y = coeff`` times the sum, over ``axis`` and all axes after it, of what ``operation`` says.

    SUM: of x; ASUM: of ``|x|``; SUMSQ: of ``x ** 2``; MEAN: the mean of x instead of a sum.

    Shapes:
        x: any that has ``axis``.
        y: the axes of x before ``axis``; ``()`` for axis 0.

    Raises:
        ShapeError: x has no such axis.
    """

    operation: str
    axis: int
    coeff: float

    def infer(self, x: Shape) -> Signature:
        y = Shape(x[: x.axis(self.axis)])
        magnitude = [Saved("magnitude", x)] if self.operation == "ASUM" else []
        return Signature([y], saved=[Saved("total", y), *magnitude])

    def forward(
        self, ops: Ops, x: Array, y: Array, total: Array, magnitude: Array | None = None
    ) -> None:
        axes = tuple(range(y.ndim, x.ndim))
        if self.operation == "SUMSQ":
            ops.sum_product(x, x, axes, out=total)
        elif self.operation == "ASUM":
            ops.map("abs(x)", x=x, out=magnitude)
            ops.sum(magnitude, axes, out=total)
        else:
            ops.sum(x, axes, out=total)
        ops.map("coeff * total", total=total, coeff=self._factor(x), out=y)

    def _factor(self, x: Array) -> float:
        """Return what a sum is multiplied by."""
        _, summed = Shape(x.shape).split(self.axis)
        return self.coeff / summed.size if self.operation == "MEAN" else self.coeff

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        wide = dy.reshape(*dy.shape, *(1,) * (x.ndim - dy.ndim))
        if self.operation == "SUMSQ":
            ops.map("2 * coeff * dy * x", x=x, dy=wide, coeff=self.coeff, out=grad.x)
        elif self.operation == "ASUM":
            ops.map("coeff * dy * sign(x)", x=x, dy=wide, coeff=self.coeff, out=grad.x)
        else:
            ops.map("coeff * dy", dy=wide, coeff=self._factor(x), out=grad.x)

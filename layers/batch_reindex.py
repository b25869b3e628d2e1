"""Choosing items of a batch by number."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class BatchReindex(Layer):
    """``y[i] = x[index[i]]``: items may be left out, repeated and put in another order.

    Shapes:
        x: ``(N, ...)``.
        index: ``(M,)``, whole numbers from 0 to N - 1.
        y: ``(M, ...)``.

    Raises:
        ShapeError: index has not one axis, or x has none.
        DataError: when run, an index is outside the batch.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "index")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"index"})

    def infer(self, x: Shape, index: Shape) -> Signature:
        if len(index) != 1:
            raise ShapeError(f"its second bottom must have the shape (M,), not {index}")
        x.axis(0)
        return Signature([Shape((*index, *x[1:]))])

    def forward(self, ops: Ops, x: Array, index: Array, y: Array) -> None:
        ops.gather(x, index, out=y)

    def backward(self, ops: Ops, index: Array, dy: Array, grad: Grad) -> None:
        ops.fill(0, out=grad.x)
        ops.scatter(dy, index, add_to=grad.x)

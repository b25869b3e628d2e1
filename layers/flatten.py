"""Flattening axes."""

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Flatten(Layer, message="flatten_param"):
    """Make one axis of the axes from ``axis`` to ``end_axis`` (both included).

    Shapes:
        x: ``(d_0, ..., d_r)``.
        y: ``(..., d_axis * ... * d_end_axis, ...)``.

    Raises:
        ShapeError: x has no such axes, or they are in the wrong order.
    """

    axis: int
    end_axis: int

    def infer(self, x: Shape) -> Signature:
        start, end = x.axis(self.axis), x.axis(self.end_axis)
        if end < start:
            raise ShapeError(f"end_axis {self.end_axis} of {x} comes before axis {self.axis}")
        return Signature([Shape((*x[:start], Shape(x[start : end + 1]).size, *x[end + 1 :]))])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.copy(x.reshape(tuple(y.shape)), out=y)

    def backward(self, ops: Ops, dy: Array, grad: Grad) -> None:
        ops.copy(dy, out=grad.x.reshape(tuple(dy.shape)))

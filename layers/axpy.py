"""A scaled image added to another."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Axpy(Layer):
    """``z = a x + y``, one number of ``a`` for each channel (SENet, Hu 2018).

    Shapes:
        a: ``(N, C)``, or ``(N, C, 1, 1)``.
        x, y, z: ``(N, C, ...)``.

    Raises:
        ShapeError: x and y differ, or ``a`` has not one number for each channel.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("a", "x", "y")
    tops: ClassVar[tuple[str, ...]] = ("z",)

    def infer(self, a: Shape, x: Shape, y: Shape) -> Signature:
        if x != y:
            raise ShapeError(f"bottoms 1 and 2 have the shapes {x} and {y}, not the same")
        if len(x) < 2 or a[:2] != x[:2] or a.size != x[0] * x[1]:
            raise ShapeError(f"bottom 0 {a} must have one number for each channel of {x}")
        return Signature([x])

    def forward(self, ops: Ops, a: Array, x: Array, y: Array, z: Array) -> None:
        ops.map("a * x + y", a=_wide(a, x), x=x, y=y, out=z)

    def backward(self, ops: Ops, a: Array, x: Array, dz: Array, grad: Grad) -> None:
        if grad.a is not None:
            each = grad.a.reshape(*x.shape[:2])
            ops.sum_product(x, dz, tuple(range(2, x.ndim)), out=each)
        if grad.x is not None:
            ops.map("a * dz", a=_wide(a, x), dz=dz, out=grad.x)
        if grad.y is not None:
            ops.copy(dz, out=grad.y)


def _wide(a: Array, x: Array) -> Array:
    return a.reshape(*x.shape[:2], *(1,) * (x.ndim - 2))

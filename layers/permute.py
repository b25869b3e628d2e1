"""Axes in another order."""

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Permute(Layer, message="permute_param"):
    """Put the axes in another order: axis ``i`` of y is axis ``order[i]`` of x.

    Axes that ``order`` does not name follow as they come in x (SSD, Liu 2016).

    Shapes:
        x: any that has the axes of ``order``.
        y: the lengths of x in the new order.

    Raises:
        FieldError: ``order`` names an axis twice.
        ShapeError: x does not have one of them.
    """

    order: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.order)) < len(self.order):
            raise FieldError(f"order {self.order} names an axis twice")

    def infer(self, x: Shape) -> Signature:
        for axis in self.order:
            if axis >= len(x):
                raise ShapeError(f"order names axis {axis}, but {x} has {len(x)} axes")
        return Signature([Shape(x[axis] for axis in self._axes(len(x)))])

    def _axes(self, count: int) -> tuple[int, ...]:
        return (*self.order, *(axis for axis in range(count) if axis not in self.order))

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.copy(x.transpose(*self._axes(x.ndim)), out=y)

    def backward(self, ops: Ops, dy: Array, grad: Grad) -> None:
        ops.copy(dy, out=grad.x.transpose(*self._axes(dy.ndim)))

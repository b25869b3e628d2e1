"""Repetition."""

from netdef.layer import Grad, Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Tile(Layer, message="tile_param"):
    """Lay ``tiles`` copies of x one after the other along ``axis``; their gradients add up.

    Shapes:
        x: any that has ``axis``.
        y: ``tiles`` times as long along ``axis``.

    Raises:
        FieldError: ``tiles`` is missing or less than 1.
        ShapeError: x has no such axis.
    """

    axis: int
    tiles: int = field(at_least=1)

    def infer(self, x: Shape) -> Signature:
        axis = x.axis(self.axis)
        return Signature([Shape((*x[:axis], self.tiles * x[axis], *x[axis + 1 :]))])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        before, after = Shape(x.shape).split(self.axis)
        ops.map("x", x=x.reshape(*before, 1, *after), out=y.reshape(*before, self.tiles, *after))

    def backward(self, ops: Ops, dy: Array, grad: Grad) -> None:
        before, after = Shape(grad.x.shape).split(self.axis)
        ops.sum(dy.reshape(*before, self.tiles, *after), (len(before),), out=grad.x)

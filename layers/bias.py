"""Adding a learned or computed blob."""

from typing import ClassVar

from netdef.axes import AxesFields
from netdef.layer import Filler, Grad, Layer, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Bias(AxesFields, Layer, message="bias_param"):
    """``y = x + bias``, the bias repeated over the other axes of x.

    The bias is a weight along ``num_axes`` axes of x from ``axis`` on (-1: all of them; 0:
    one number), or a second bottom along its own axes from ``axis`` on.

    Shapes:
        x, y: any.
        bias: a run of axes of x, or ``()``.
        weight: the same, absent if bias is given.

    Raises:
        FieldError: ``num_axes`` is less than -1.
        ShapeError: x does not have those axes, or bias does not fit them.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "bias?")

    axis: int
    num_axes: int = field(at_least=-1)
    filler: Filler

    def infer(self, x: Shape, bias: Shape | None) -> Signature:
        shape = self.along(x, bias)
        return Signature([x], [Weight("weight", shape, self.filler)] if bias is None else [])

    def forward(
        self, ops: Ops, x: Array, y: Array, bias: Array | None = None, weight: Array | None = None
    ) -> None:
        small = weight if bias is None else bias
        ops.map("x + bias", x=x, bias=self.widen(small, x), out=y)

    def backward(self, ops: Ops, dy: Array, grad: Grad) -> None:
        if grad.weight is not None:
            ops.sum(dy, self.others(grad.weight, dy), add_to=grad.weight)
        if grad.bias is not None:
            ops.sum(dy, self.others(grad.bias, dy), out=grad.bias)
        if grad.x is not None:
            ops.copy(dy, out=grad.x)

"""Scaling by a learned or computed blob."""

from typing import ClassVar

from netdef.axes import AxesFields
from netdef.layer import Filler, Grad, Layer, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Scale(AxesFields, Layer, message="scale_param"):
    """``y = x * weight + bias``, weight and bias repeated over the other axes of x.

    The weight lies along ``num_axes`` axes of x from ``axis`` on (-1: all of them; 0: one
    number). With a second bottom, that is the scale, along its own axes from ``axis`` on.

    Shapes:
        x, y: any.
        scale: a run of axes of x, or ``()``.
        weight: the same, absent if scale is given.
        bias: the same, absent unless ``bias_term``.

    Raises:
        FieldError: ``num_axes`` is less than -1.
        ShapeError: x does not have those axes, or scale does not fit them.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "scale?")

    axis: int
    num_axes: int = field(at_least=-1)
    filler: Filler | None = None
    bias_term: bool
    bias_filler: Filler

    def infer(self, x: Shape, scale: Shape | None) -> Signature:
        shape = self.along(x, scale)
        weights = []
        if scale is None:
            ones = Filler(type="constant", value=1)
            weights.append(Weight("weight", shape, self.filler or ones))
        if self.bias_term:
            weights.append(Weight("bias", shape, self.bias_filler))
        return Signature([x], weights)

    def forward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        scale: Array | None = None,
        weight: Array | None = None,
        bias: Array | None = None,
    ) -> None:
        factor = self.widen(weight if scale is None else scale, x)
        if bias is None:
            ops.map("x * factor", x=x, factor=factor, out=y)
        else:
            ops.map("x * factor + bias", x=x, factor=factor, bias=self.widen(bias, x), out=y)

    def backward(
        self,
        ops: Ops,
        x: Array,
        dy: Array,
        grad: Grad,
        scale: Array | None = None,
        weight: Array | None = None,
    ) -> None:
        small = weight if scale is None else scale
        factor, axes = self.widen(small, x), self.others(small, x)
        if grad.weight is not None:
            ops.sum_product(x, dy, axes, add_to=grad.weight)
        if grad.scale is not None:
            ops.sum_product(x, dy, axes, out=grad.scale)
        if grad.bias is not None:
            ops.sum(dy, axes, add_to=grad.bias)
        if grad.x is not None:
            ops.map("dy * factor", dy=dy, factor=factor, out=grad.x)

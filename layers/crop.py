"""Cutting out a part as large as another blob."""

from typing import ClassVar

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Crop(Layer, message="crop_param"):
    """Cut x down to the lengths of reference, in every axis from ``axis`` on.

    The part begins at ``offset``: none is 0, one is for all those axes, or one each.

    Shapes:
        x: any.
        reference: at least as many axes as x; its numbers are not read.
        y: as x before ``axis``, as reference from it on.

    Raises:
        FieldError: ``offset`` is neither none, nor one, nor one for each axis.
        ShapeError: reference has too few axes, or the part reaches past the end of x.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "reference")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"reference"})

    axis: int
    offset: tuple[int, ...]

    def infer(self, x: Shape, reference: Shape) -> Signature:
        if len(reference) < len(x):
            raise ShapeError(f"its second bottom {reference} has fewer axes than {x}")
        first = x.axis(self.axis)
        for axis, start in enumerate(self._starts(x), first):
            if start + reference[axis] > x[axis]:
                raise ShapeError(
                    f"axis {axis} of {x} is too short for {reference[axis]} from offset {start} on"
                )
        return Signature([Shape((*x[:first], *reference[first : len(x)]))])

    def _starts(self, x: Shape) -> tuple[int, ...]:
        """Return the offset of every axis from ``axis`` on."""
        cropped = len(x) - x.axis(self.axis)
        if len(self.offset) not in (0, 1, cropped):
            raise FieldError(
                f"offset has {len(self.offset)} values for {cropped} axes; give 1 or {cropped}"
            )
        return self.offset if len(self.offset) == cropped else (self.offset or (0,)) * cropped

    def _part(self, x: Array, y: Array) -> Array:
        """Look at the part of x that y is made of."""
        starts = self._starts(Shape(x.shape))
        first = x.ndim - len(starts)
        part = [slice(s, s + n) for s, n in zip(starts, y.shape[first:], strict=True)]
        return x[(*(slice(None),) * first, *part)]

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.copy(self._part(x, y), out=y)

    def backward(self, ops: Ops, dy: Array, grad: Grad) -> None:
        ops.fill(0, out=grad.x)
        ops.copy(dy, out=self._part(grad.x, dy))

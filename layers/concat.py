"""Concatenation."""

from typing import ClassVar

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.proto import LayerParameter
from netdef.shape import Shape


class Concat(Layer, message="concat_param"):
    """Lay the bottoms side by side along ``axis`` (once called ``concat_dim``).

    Shapes:
        x: all alike but for ``axis``.
        y: the lengths along ``axis`` add up.

    Raises:
        ShapeError: bottoms differ in another axis.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("*x",)

    axis: int
    concat_dim: int

    @classmethod
    def from_proto(cls, proto: LayerParameter, training: bool = True) -> "Concat":
        """Read the fields; ``concat_dim`` stands for ``axis``, and excludes it."""
        given = proto.concat_param
        if given.HasField("axis") and given.HasField("concat_dim"):
            raise FieldError("give axis or concat_dim, not both")
        axis = given.concat_dim if given.HasField("concat_dim") else given.axis
        return cls(training=training, axis=axis, concat_dim=axis)

    def infer(self, x: tuple[Shape, ...]) -> Signature:
        axis = x[0].axis(self.axis)
        for i, shape in enumerate(x):
            if len(shape) != len(x[0]) or any(
                n != x[0][a] for a, n in enumerate(shape) if a != axis
            ):
                raise ShapeError(
                    f"bottoms 0 and {i} have the shapes {x[0]} and {shape}, which must agree but"
                    f" for axis {axis}"
                )
        length = sum(shape[axis] for shape in x)
        return Signature([Shape(length if a == axis else n for a, n in enumerate(x[0]))])

    def forward(self, ops: Ops, x: tuple[Array, ...], y: Array) -> None:
        ops.concat(x, self.axis, out=y)

    def backward(self, ops: Ops, x: tuple[Array, ...], dy: Array, grad: Grad) -> None:
        axis, start = self.axis % dy.ndim, 0
        for part, goal in zip(x, grad.x, strict=True):
            stop = start + part.shape[axis]
            if goal is not None:
                ops.copy(dy[(slice(None),) * axis + (slice(start, stop),)], out=goal)
            start = stop

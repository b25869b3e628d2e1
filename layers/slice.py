"""Cutting a blob into parts."""

from itertools import pairwise
from typing import ClassVar

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.proto import LayerParameter
from netdef.shape import Shape


class Slice(Layer, message="slice_param"):
    """Cut x along ``axis`` (once called ``slice_dim``), one part a top.

    The cuts are before each ``slice_point``; without any, all parts are equal.

    Shapes:
        x: any that has ``axis``.
        y: as x, but for the lengths along ``axis``, which add up.

    Raises:
        FieldError: ``slice_point`` are not one less than the tops, or do not rise.
        ShapeError: x is too short for them, or does not divide into equal parts.
    """

    tops: ClassVar[tuple[str, ...]] = ("*y",)

    axis: int
    slice_point: tuple[int, ...]
    slice_dim: int

    @classmethod
    def from_proto(cls, proto: LayerParameter, training: bool = True) -> "Slice":
        """Read the fields; ``slice_dim`` stands for ``axis``, and excludes it."""
        given = proto.slice_param
        if given.HasField("axis") and given.HasField("slice_dim"):
            raise FieldError("give axis or slice_dim, not both")
        axis = given.slice_dim if given.HasField("slice_dim") else given.axis
        points = tuple(given.slice_point)
        return cls(training=training, axis=axis, slice_dim=axis, slice_point=points)

    def infer(self, x: Shape, tops: tuple[str, ...]) -> Signature:
        axis = x.axis(self.axis)
        edges = [0, *self._cuts(x, axis, len(tops)), x[axis]]
        return Signature([Shape((*x[:axis], b - a, *x[axis + 1 :])) for a, b in pairwise(edges)])

    def _cuts(self, x: Shape, axis: int, parts: int) -> tuple[int, ...]:
        length, points = x[axis], self.slice_point
        if not points:
            if length % parts:
                raise ShapeError(
                    f"axis {axis} of {x} does not divide into {parts} equal parts; set slice_point"
                )
            return tuple(range(length // parts, length, length // parts))
        if len(points) != parts - 1:
            raise FieldError(
                f"{len(points)} slice_point cut into {len(points) + 1} parts, but there are"
                f" {parts} tops"
            )
        if any(a >= b for a, b in pairwise((0, *points))):
            raise FieldError(
                f"slice_point must rise from above 0, got {', '.join(map(str, points))}"
            )
        if points[-1] >= length:
            raise ShapeError(f"slice_point {points[-1]} is not within axis {axis} of {x}")
        return points

    def forward(self, ops: Ops, x: Array, y: tuple[Array, ...]) -> None:
        axis, start = self.axis % x.ndim, 0
        for part in y:
            stop = start + part.shape[axis]
            ops.copy(x[(slice(None),) * axis + (slice(start, stop),)], out=part)
            start = stop

    def backward(self, ops: Ops, dy: tuple[Array, ...], grad: Grad) -> None:
        ops.concat(dy, self.axis, out=grad.x)

"""Shapes of blobs."""

import math

from netdef.errors import ShapeError


class Shape(tuple[int, ...]):
    """The lengths of a blob's axes, outermost first."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self)

    def axis(self, axis: int) -> int:
        """Return ``axis`` counted from the front.

        Raises:
            ShapeError: the blob has no such axis.
        """
        if not -len(self) <= axis < len(self):
            raise ShapeError(f"axis {axis} is not one of the {len(self)} axes of {self}")
        return axis % len(self)

    def split(self, axis: int) -> tuple["Shape", "Shape"]:
        """Return the axes before ``axis`` and the ones from it on; it may be one past the last."""
        at = axis if axis == len(self) else self.axis(axis)
        return Shape(self[:at]), Shape(self[at:])

    def __str__(self) -> str:
        return "(" + ", ".join(map(str, self)) + ("," if len(self) == 1 else "") + ")"

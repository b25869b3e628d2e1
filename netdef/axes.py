"""A small blob that lies along some axes of a large one: Bias and Scale share it."""

from typing import Any

from netdef.errors import ShapeError
from netdef.shape import Shape

Array = Any


class AxesFields:
    """The fields that say along which axes of x a second bottom or a weight lies.

    A weight lies along ``num_axes`` axes from ``axis`` on (-1: all of them; 0: none, it is
    one number), a second bottom along as many as it has.
    """

    axis: int
    num_axes: int

    def along(self, x: Shape, second: Shape | None) -> Shape:
        """Return the lengths of the axes of x that the small blob lies along.

        Raises:
            ShapeError: x does not have those axes, or the second bottom does not fit them.
        """
        count = self.num_axes if second is None else len(second)
        if count == 0:
            return Shape(())
        start = x.axis(self.axis)
        stop = len(x) if count == -1 else start + count
        if stop > len(x):
            raise ShapeError(f"{count} axes from axis {start} on are more than {x} has")
        shape = Shape(x[start:stop])
        if second is not None and second != shape:
            raise ShapeError(f"its second bottom {second} must be a run of the axes of {x}")
        return shape

    def widen(self, small: Array, x: Array) -> Array:
        """View small in as many axes as x, so that it broadcasts."""
        return small.reshape(
            tuple(1 if i in self.others(small, x) else x.shape[i] for i in range(x.ndim))
        )

    def others(self, small: Array, x: Array) -> tuple[int, ...]:
        """Return the axes of x that small does not lie along."""
        start = self.axis % x.ndim if small.ndim else 0
        return tuple(i for i in range(x.ndim) if not start <= i < start + small.ndim)

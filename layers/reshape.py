"""Other axes for the same numbers."""

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.proto import BlobShape
from netdef.shape import Shape


class Reshape(Layer, message="reshape_param"):
    """Put ``shape`` in the place of ``num_axes`` axes of x (-1: all) from ``axis`` on.

    A ``dim`` of 0 keeps the length that x has there; one of -1, of which there may be one,
    is what the others leave. A negative ``axis`` counts from behind the last: -1 appends.

    Shapes:
        x: any.
        y: as many numbers, in the same order.

    Raises:
        FieldError: a ``dim`` is less than -1, or several are -1.
        ShapeError: x has no such axes, or another number of elements.
    """

    shape: BlobShape
    axis: int
    num_axes: int = field(at_least=-1)

    def infer(self, x: Shape) -> Signature:
        start, stop = self._span(x)
        kept = Shape((*x[:start], *x[stop:]))
        dims = [self._length(x, start + i, dim) for i, dim in enumerate(self.shape.dim)]
        if dims.count(-1) > 1:
            raise FieldError("shape has several dim: -1; only one can be worked out")
        if -1 in dims:
            known = Shape(d for d in dims if d != -1).size * kept.size
            if known == 0 or x.size % known:
                raise ShapeError(
                    f"the {x.size} elements of {x} do not divide by {known} for dim: -1"
                )
            dims[dims.index(-1)] = x.size // known
        y = Shape((*x[:start], *dims, *x[stop:]))
        if y.size != x.size:
            raise ShapeError(f"{x} has {x.size} elements, but {y} would have {y.size}")
        return Signature([y])

    def _span(self, x: Shape) -> tuple[int, int]:
        """Return the first of the axes to replace, and the one after the last."""
        start = self.axis if self.axis >= 0 else len(x) + 1 + self.axis
        stop = len(x) if self.num_axes == -1 else start + self.num_axes
        if not 0 <= start <= stop <= len(x):
            raise ShapeError(
                f"axis {self.axis} with num_axes {self.num_axes} is outside the {len(x)} axes of"
                f" {x}"
            )
        return start, stop

    @staticmethod
    def _length(x: Shape, axis: int, dim: int) -> int:
        if dim < -1:
            raise FieldError(f"dim must be at least -1, got {dim}")
        return x[x.axis(axis)] if dim == 0 else dim

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.copy(x.reshape(tuple(y.shape)), out=y)

    def backward(self, ops: Ops, dy: Array, grad: Grad) -> None:
        ops.copy(dy.reshape(tuple(grad.x.shape)), out=grad.x)

"""A blob that is learned."""

from typing import ClassVar

from netdef.errors import FieldError
from netdef.layer import Filler, Grad, Layer, Signature, Weight
from netdef.ops import Array, Ops
from netdef.proto import BlobShape
from netdef.shape import Shape


class Parameter(Layer, message="parameter_param"):
    """Make a top of a weight of the given ``shape``, which begins as zeros.

    Shapes:
        y, weight: ``shape``.

    Raises:
        FieldError: ``shape`` is missing.
    """

    bottoms: ClassVar[tuple[str, ...]] = ()

    shape: BlobShape | None = None

    def infer(self) -> Signature:
        if self.shape is None:
            raise FieldError("parameter_param must set shape")
        shape = Shape(self.shape.dim)
        return Signature([shape], [Weight("weight", shape, Filler(type="constant", value=0))])

    def forward(self, ops: Ops, y: Array, weight: Array) -> None:
        ops.copy(weight, out=y)

    def backward(self, ops: Ops, dy: Array, grad: Grad) -> None:
        ops.map("dy", dy=dy, add_to=grad.weight)

"""Keeping numbers within bounds."""

from netdef.errors import FieldError
from netdef.layer import Grad, Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Clip(Layer, message="clip_param"):
    """``y = x``, but ``min`` where x is less, and ``max`` where it is more.

    The gradient passes where x lies within the bounds or on them.

    Shapes:
        x, y: any.

    Raises:
        FieldError: ``min`` is more than ``max``.
    """

    min: float = field()
    max: float = field()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min > self.max:
            raise FieldError(f"min {self.min:g} is more than max {self.max:g}")

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("maximum(low, minimum(x, high))", x=x, low=self.min, high=self.max, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        text = "dy * (x >= low) * (x <= high)"
        ops.map(text, x=x, dy=dy, low=self.min, high=self.max, out=grad.x)

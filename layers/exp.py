"""Exponentials."""

import math

from netdef.errors import FieldError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Exp(Layer, message="exp_param"):
    """``y = base ** (scale x + shift)``; a base of -1 stands for e.

    Shapes:
        x, y: any.

    Raises:
        FieldError: ``base`` is neither positive nor -1.
    """

    base: float
    scale: float
    shift: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.base <= 0 and self.base != -1:
            raise FieldError(f"base must be positive, or -1 for e, got {self.base:g}")

    @property
    def _log_base(self) -> float:
        return 1.0 if self.base == -1 else math.log(self.base)

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        inner, outer = self._log_base * self.scale, math.exp(self._log_base * self.shift)
        ops.map("outer * exp(inner * x)", x=x, inner=inner, outer=outer, out=y)

    def backward(self, ops: Ops, y: Array, dy: Array, grad: Grad) -> None:
        ops.map("dy * y * inner", y=y, dy=dy, inner=self._log_base * self.scale, out=grad.x)

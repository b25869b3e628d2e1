"""Logarithms."""

import math

from netdef.errors import FieldError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Log(Layer, message="log_param"):
    """``y = log(scale x + shift) / log(base)``; a base of -1 stands for e.

    Shapes:
        x, y: any.

    Raises:
        FieldError: ``base`` is neither -1 nor positive, or it is 1.
    """

    base: float
    scale: float
    shift: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.base <= 0 and self.base != -1) or self.base == 1:
            raise FieldError(f"base must be positive but not 1, or -1 for e, got {self.base:g}")

    @property
    def _numbers(self) -> dict[str, float]:
        factor = 1.0 if self.base == -1 else 1 / math.log(self.base)
        return {"scale": self.scale, "shift": self.shift, "factor": factor}

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("log(scale * x + shift) * factor", x=x, **self._numbers, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        text = "dy * (scale * factor) / (scale * x + shift)"
        ops.map(text, x=x, dy=dy, **self._numbers, out=grad.x)

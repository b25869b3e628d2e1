"""Powers."""

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Power(Layer, message="power_param"):
    """``y = (scale x + shift) ** power``, not a number where a root of a negative is asked.

    Shapes:
        x, y: any.
    """

    power: float
    scale: float
    shift: float

    @property
    def _numbers(self) -> dict[str, float]:
        return {"scale": self.scale, "shift": self.shift, "p": self.power}

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("power(scale * x + shift, p)", x=x, **self._numbers, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        """A constant slope needs no x, and so is never a power of 0."""
        slope = self.power * self.scale
        if slope == 0 or self.power == 1:
            ops.map("dy * slope", dy=dy, slope=slope, out=grad.x)
        else:
            text = "dy * (p * scale) * power(scale * x + shift, p - 1)"
            ops.map(text, x=x, dy=dy, **self._numbers, out=grad.x)

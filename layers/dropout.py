"""Dropout."""

from netdef.errors import FieldError
from netdef.layer import Grad, Layer, Saved, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Dropout(Layer, message="dropout_param"):
    """In training set each input to 0 with chance ``dropout_ratio``, and scale up the others.

    ``y = x / (1 - dropout_ratio)`` where it is kept, so that the mean stays; in a test
    ``y = x`` (Srivastava 2014).

    Shapes:
        x, y: any.
    """

    dropout_ratio: float = field(at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dropout_ratio >= 1:
            raise FieldError(f"dropout_ratio must be less than 1, got {self.dropout_ratio:g}")

    def infer(self, x: Shape) -> Signature:
        return Signature([x], saved=[Saved("chance", x)] if self.training else [])

    def forward(self, ops: Ops, x: Array, y: Array, chance: Array | None = None) -> None:
        if not self.training:
            ops.copy(x, out=y)
            return
        ops.uniform("chance", out=chance)
        ops.map("x * (chance >= ratio) * scale", x=x, chance=chance, **self._numbers(), out=y)

    def backward(self, ops: Ops, dy: Array, grad: Grad, chance: Array | None = None) -> None:
        if not self.training:
            ops.copy(dy, out=grad.x)
            return
        ops.map(
            "dy * (chance >= ratio) * scale", dy=dy, chance=chance, **self._numbers(), out=grad.x
        )

    def _numbers(self) -> dict[str, float]:
        return {"ratio": self.dropout_ratio, "scale": 1 / (1 - self.dropout_ratio)}

"""A layer that is not netdef's own."""

from netdef.layer import Grad, Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class SoftShrink(Layer):
    """Bring every value nearer to 0: ``y = sign(x) max(|x| - threshold, 0) * gain``.

    Shapes:
        x, y: any.
    """

    threshold: float = field(default=0.5, at_least=0)
    gain: float = field(default=1.0)

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map(
            "sign(x) * maximum(abs(x) - threshold, 0) * gain",
            x=x,
            threshold=self.threshold,
            gain=self.gain,
            out=y,
        )

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        if grad.x is not None:
            ops.map(
                "where(abs(x) > threshold, dy * gain, 0)",
                x=x,
                dy=dy,
                threshold=self.threshold,
                gain=self.gain,
                out=grad.x,
            )

"""Comparing with a threshold."""

from netdef.layer import Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Threshold(Layer, message="threshold_param"):
    """``y = 1`` where x is more than ``threshold``, 0 elsewhere; it has no gradient.

    Shapes:
        x, y: any.
    """

    threshold: float

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.map("where(x > threshold, 1, 0)", x=x, threshold=self.threshold, out=y)

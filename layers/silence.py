"""A place for blobs that nobody wants to see."""

from typing import ClassVar

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Ops
from netdef.shape import Shape


class Silence(Layer):
    """Read the bottoms and do nothing, so that they are no outputs of the net.

    Shapes:
        x: any.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("*x",)
    tops: ClassVar[tuple[str, ...]] = ()

    def infer(self, x: tuple[Shape, ...]) -> Signature:
        return Signature([])

    def forward(self, ops: Ops) -> None:
        """Nothing is computed."""

    def backward(self, ops: Ops, grad: Grad) -> None:
        for goal in grad.x:
            if goal is not None:
                ops.fill(0, out=goal)

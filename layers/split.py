"""Copies of a blob."""

from typing import ClassVar

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Split(Layer):
    """Make copies; their gradients are summed. Several layers may read one blob without it.

    Shapes:
        x: any, and each y the same.
    """

    tops: ClassVar[tuple[str, ...]] = ("*y",)

    def infer(self, x: Shape, tops: tuple[str, ...]) -> Signature:
        return Signature([x] * len(tops))

    def forward(self, ops: Ops, x: Array, y: tuple[Array, ...]) -> None:
        for top in y:
            ops.copy(x, out=top)

    def backward(self, ops: Ops, dy: tuple[Array, ...], grad: Grad) -> None:
        diffs = {f"dy{i}": array for i, array in enumerate(dy)}
        ops.map(" + ".join(diffs), **diffs, out=grad.x)

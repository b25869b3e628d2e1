"""Choosing some items of a batch."""

from typing import Any, ClassVar

import numpy as np

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Filter(Layer):
    """Pass on the items of the batch whose selector, the last bottom, is not 0.

    Shapes:
        x: ``(N, ...)`` each, and last the selector, ``(N,)`` or ``(N, 1, ...)``.
        y: one for each x, ``(M, ...)``, M of the N items chosen.

    Raises:
        ShapeError: the selector has more than one number an item, or N differs.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("*x",)
    tops: ClassVar[tuple[str, ...]] = ("*y",)
    fewest_bottoms: ClassVar[int] = 2

    def infer(self, x: tuple[Shape, ...], tops: tuple[str, ...]) -> Signature:
        selector = x[-1]
        if len(tops) != len(x) - 1:
            raise ShapeError(f"makes one top of each bottom but the last, got {len(tops)} tops")
        if selector.size != selector[0]:
            raise ShapeError(f"the selector {selector} must have one number for each item")
        for i, shape in enumerate(x[:-1]):
            if shape[:1] != selector[:1]:
                raise ShapeError(f"bottom {i} has {shape[0]} items, the selector {selector[0]}")
        return Signature(x[:-1])

    def forward(self, ops: Ops, x: tuple[Array, ...], y: tuple[Array, ...]) -> None:
        ops.produce(_choose, *x, out=y)

    def backward(self, ops: Ops, x: tuple[Array, ...], dy: tuple[Array, ...], grad: Grad) -> None:
        for error, goal in zip(dy, grad.x, strict=False):
            if goal is not None:
                ops.host(_put_back, x[-1], error, out=(goal,))


def _choose(*x: Any) -> tuple[Any, ...]:
    chosen = np.flatnonzero(x[-1])
    return tuple(array[chosen] for array in x[:-1])


def _put_back(selector: Any, error: Any, goal: Any) -> None:
    goal.fill(0)
    goal[np.flatnonzero(selector)] = error

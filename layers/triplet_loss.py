"""Triplets: an item should be nearer to one of its kind than to one of another."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Saved, Signature
from netdef.layers.item_labels import by_item
from netdef.ops import Array, Ops
from netdef.shape import Shape


class TripletLoss(Layer, message="triplet_loss_param"):
    """``sum_n max(0, margin + |a - p|^2 - |a - n|^2) / (2 N)`` (Schroff 2015).

    Shapes:
        anchor, positive, negative: ``(N, ...)``; all get a gradient.
        loss: ``()``.

    Raises:
        ShapeError: the bottoms differ in their shapes.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("anchor", "positive", "negative")
    tops: ClassVar[tuple[str, ...]] = ("loss",)
    loss_weight: ClassVar[float] = 1.0

    margin: float

    def infer(self, anchor: Shape, positive: Shape, negative: Shape) -> Signature:
        if not anchor == positive == negative:
            raise ShapeError(f"its bottoms {anchor}, {positive} and {negative} must have one shape")
        saved = [Saved("terms", by_item(anchor)), Saved("excess", (anchor[0],))]
        return Signature([Shape(())], saved=saved)

    def forward(
        self,
        ops: Ops,
        anchor: Array,
        positive: Array,
        negative: Array,
        loss: Array,
        terms: Array,
        excess: Array,
    ) -> None:
        rows = tuple(terms.shape)
        a, p, n = (x.reshape(rows) for x in (anchor, positive, negative))
        ops.map("square(a - p) - square(a - n)", a=a, p=p, n=n, out=terms)
        ops.sum(terms, (1,), out=excess)
        ops.map("maximum(margin + e, 0)", margin=self.margin, e=excess, out=excess)
        ops.sum(excess, (0,), out=loss)
        ops.map("loss / n / 2", loss=loss, n=rows[0], out=loss)

    def backward(
        self,
        ops: Ops,
        anchor: Array,
        positive: Array,
        negative: Array,
        dloss: Array,
        terms: Array,
        excess: Array,
        grad: Grad,
    ) -> None:
        rows = tuple(terms.shape)
        a, p, n = (x.reshape(rows) for x in (anchor, positive, negative))
        for x, y, goal in ((n, p, grad.anchor), (p, a, grad.positive), (a, n, grad.negative)):
            if goal is not None:
                ops.map(
                    "(x - y) * (e > 0) * dloss / n",
                    x=x,
                    y=y,
                    e=excess.reshape(-1, 1),
                    dloss=dloss,
                    n=rows[0],
                    out=goal.reshape(rows),
                )

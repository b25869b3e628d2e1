"""Pairs that should lie near to each other, or far apart."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Saved, Signature
from netdef.layers.item_labels import by_item
from netdef.ops import Array, Ops
from netdef.shape import Shape


class ContrastiveLoss(Layer, message="contrastive_loss_param"):
    """``sum_n (s d^2 + (1 - s) max(0, margin - d)^2) / (2 N)`` of distances d (Hadsell 2006).

    s is 1 for pairs that are similar, 0 for others. ``legacy_version`` takes
    ``max(0, margin - d^2)`` for those.

    Shapes:
        a, b: ``(N, ...)``.
        similar: N numbers, 0 or 1.
        loss: ``()``.

    Raises:
        ShapeError: they do not fit together.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("a", "b", "similar")
    tops: ClassVar[tuple[str, ...]] = ("loss",)
    without_gradient: ClassVar[frozenset[str]] = frozenset({"similar"})
    loss_weight: ClassVar[float] = 1.0

    margin: float
    legacy_version: bool

    def infer(self, a: Shape, b: Shape, similar: Shape) -> Signature:
        if a != b:
            raise ShapeError(f"its bottoms {a} and {b} must have one shape")
        if similar.size != a[0]:
            raise ShapeError(f"{a[0]} pairs need as many labels, but these are {similar}")
        pairs = [Saved(n, (a[0],)) for n in ("square", "terms")]
        return Signature([Shape(())], saved=[Saved("difference", by_item(a)), *pairs])

    def forward(
        self,
        ops: Ops,
        a: Array,
        b: Array,
        similar: Array,
        loss: Array,
        difference: Array,
        square: Array,
        terms: Array,
    ) -> None:
        rows = tuple(difference.shape)
        ops.map("a - b", a=a.reshape(rows), b=b.reshape(rows), out=difference)
        ops.sum_product(difference, difference, (1,), out=square)
        far = "margin - d2" if self.legacy_version else "square(maximum(margin - sqrt(d2), 0))"
        ops.map(
            f"where(abs(similar) >= 1, d2, maximum({far}, 0))",
            similar=similar.reshape(-1),
            d2=square,
            margin=self.margin,
            out=terms,
        )
        ops.sum(terms, (0,), out=loss)
        ops.map("loss / n / 2", loss=loss, n=rows[0], out=loss)

    def backward(
        self,
        ops: Ops,
        similar: Array,
        dloss: Array,
        difference: Array,
        square: Array,
        terms: Array,
        grad: Grad,
    ) -> None:
        """Go back by ``d loss / d a = (a - b) k``, with k set in ``terms``."""
        if self.legacy_version:
            far = "where(margin > d2, -1, 0)"
        else:
            far = "-maximum(margin - sqrt(d2), 0) / (sqrt(d2) + 1e-4)"  # as in Caffe
        text = f"where(abs(similar) >= 1, 1, {far})"
        ops.map(text, similar=similar.reshape(-1), d2=square, margin=self.margin, out=terms)
        rows = tuple(difference.shape)
        for goal, sign in ((grad.a, 1), (grad.b, -1)):
            if goal is not None:
                ops.map(
                    "sign * d * k * dloss / n",
                    sign=sign,
                    d=difference,
                    k=terms.reshape(-1, 1),
                    dloss=dloss,
                    n=rows[0],
                    out=goal.reshape(rows),
                )

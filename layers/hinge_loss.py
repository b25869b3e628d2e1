"""The loss of a support vector machine, one class against all others."""

from typing import ClassVar

from netdef.layer import Grad, Layer, Saved, Signature
from netdef.layers.item_labels import by_item, check_item_labels
from netdef.ops import Array, Ops
from netdef.shape import Shape


class HingeLoss(Layer, message="hinge_loss_param"):
    """``sum_nc max(0, 1 - s x)^p / N``, s = 1 for an item's own class and -1 for all others.

    p is 1 with ``norm`` L1, and 2 with L2.

    Shapes:
        x: ``(N, ...)``, one score for each class.
        label: N class numbers.
        loss: ``()``.

    Raises:
        ShapeError: the number of labels is not N.
        DataError: when run, a label is none of the classes.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "label")
    tops: ClassVar[tuple[str, ...]] = ("loss",)
    without_gradient: ClassVar[frozenset[str]] = frozenset({"label"})
    loss_weight: ClassVar[float] = 1.0

    norm: str

    def infer(self, x: Shape, label: Shape) -> Signature:
        check_item_labels(x, label)
        saved = [Saved("own", by_item(x)), Saved("margin", by_item(x)), Saved("terms", by_item(x))]
        return Signature([Shape(())], saved=saved)

    def forward(
        self,
        ops: Ops,
        x: Array,
        label: Array,
        loss: Array,
        own: Array,
        margin: Array,
        terms: Array,
    ) -> None:
        ops.one_hot(label, 1, out=own)
        scores = x.reshape(tuple(own.shape))
        ops.map("maximum(1 + (1 - 2 * own) * x, 0)", own=own, x=scores, out=margin)
        if self.norm == "L2":
            ops.map("square(m)", m=margin, out=terms)
        ops.sum(terms if self.norm == "L2" else margin, (0, 1), out=loss)
        ops.map("loss / n", loss=loss, n=x.shape[0], out=loss)

    def backward(self, ops: Ops, dloss: Array, own: Array, margin: Array, grad: Grad) -> None:
        slope = "2 * m" if self.norm == "L2" else "(m > 0)"
        text = f"(1 - 2 * own) * {slope} * dloss / n"
        goal = grad.x.reshape(tuple(own.shape))
        ops.map(text, own=own, m=margin, dloss=dloss, n=own.shape[0], out=goal)

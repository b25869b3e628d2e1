"""Cross-entropy of probabilities that are there already."""

from typing import ClassVar

from netdef.layer import Grad, Layer, Saved, Signature
from netdef.layers.item_labels import by_item, check_item_labels
from netdef.ops import Array, Ops
from netdef.shape import Shape

_SMALLEST = 1e-20


class MultinomialLogisticLoss(Layer):
    """``-sum_n log x[n, label[n]] / N``, x being probabilities, such as Softmax makes.

    SoftmaxWithLoss does both, and loses less to rounding.

    Shapes:
        x: ``(N, ...)``, one probability for each class.
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

    def infer(self, x: Shape, label: Shape) -> Signature:
        check_item_labels(x, label)
        return Signature([Shape(())], saved=[Saved("own", by_item(x)), Saved("terms", by_item(x))])

    def forward(
        self, ops: Ops, x: Array, label: Array, loss: Array, own: Array, terms: Array
    ) -> None:
        ops.one_hot(label, 1, out=own)
        p = x.reshape(tuple(own.shape))
        ops.map("own * log(maximum(p, least))", own=own, p=p, least=_SMALLEST, out=terms)
        ops.sum(terms, (0, 1), out=loss)
        ops.map("-loss / n", loss=loss, n=x.shape[0], out=loss)

    def backward(self, ops: Ops, x: Array, dloss: Array, own: Array, grad: Grad) -> None:
        ops.map(
            "-own / maximum(p, least) * dloss / n",
            own=own,
            p=x.reshape(tuple(own.shape)),
            least=_SMALLEST,
            dloss=dloss,
            n=own.shape[0],
            out=grad.x.reshape(tuple(own.shape)),
        )

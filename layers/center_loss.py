"""Items of a class gather around a center."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Filler, Grad, Layer, Saved, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class CenterLoss(Layer, message="center_loss_param"):
    """``sum_n |x_n - center[label_n]|^2 / (2 N)`` (Wen 2016), beside a softmax loss.

    The centers move by a rule of their own, whatever the loss's weight: what is added to
    the gradient of a center is the sum of ``center - x`` over the m items of its class, over
    1 + m. Their learning rate is ``lr_mult``'s.

    Shapes:
        x: ``(N, ...)``; the axes from ``axis`` on are K features.
        label: N class numbers.
        loss: ``()``.
        centers: ``(num_output, K)``, one for each class.

    Raises:
        FieldError: ``num_output`` is missing or 0.
        ShapeError: the number of labels is not N.
        DataError: when run, a label is none of the classes.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "label")
    tops: ClassVar[tuple[str, ...]] = ("loss",)
    without_gradient: ClassVar[frozenset[str]] = frozenset({"label"})
    loss_weight: ClassVar[float] = 1.0

    num_output: int = field(at_least=1)
    center_filler: Filler
    axis: int

    def infer(self, x: Shape, label: Shape) -> Signature:
        items, features = x.split(x.axis(self.axis))
        if label.size != items.size:
            raise ShapeError(f"{items.size} items need as many labels, but these are {label}")
        rows = (items.size, features.size)
        weights = [Weight("centers", (self.num_output, features.size), self.center_filler)]
        saved = [
            Saved("difference", rows),
            Saved("terms", rows),
            Saved("ones", (items.size,)),
            Saved("count", (self.num_output,)),
        ]
        return Signature([Shape(())], weights, saved)

    def forward(
        self,
        ops: Ops,
        x: Array,
        label: Array,
        loss: Array,
        centers: Array,
        difference: Array,
        terms: Array,
    ) -> None:
        rows = tuple(terms.shape)
        ops.gather(centers, label, out=difference)
        ops.map("x - c", x=x.reshape(rows), c=difference, out=difference)
        ops.map("square(d)", d=difference, out=terms)
        ops.sum(terms, (0, 1), out=loss)
        ops.map("loss / n / 2", loss=loss, n=rows[0], out=loss)

    def backward(
        self,
        ops: Ops,
        label: Array,
        dloss: Array,
        difference: Array,
        terms: Array,
        ones: Array,
        count: Array,
        grad: Grad,
    ) -> None:
        rows = tuple(terms.shape)
        if grad.centers is not None:
            ops.fill(1, out=ones)
            ops.fill(1, out=count)
            ops.scatter(ones, label, add_to=count)
            ops.gather(count, label, out=ones)
            ops.map("-d / m", d=difference, m=ones.reshape(-1, 1), out=terms)
            ops.scatter(terms, label, add_to=grad.centers)
        if grad.x is not None:
            goal = grad.x.reshape(rows)
            ops.map("d * dloss / n", d=difference, dloss=dloss, n=rows[0], out=goal)

"""Multinomial logistic loss that counts easy items less."""

from typing import ClassVar

from netdef.layer import Grad, Saved, Signature, field
from netdef.layers.normalized_loss import NormalizedLoss
from netdef.layers.soft_labels import batch_of, check_labels, one_along, places_of
from netdef.ops import Array, Ops
from netdef.shape import Shape

_SMALLEST = 1e-20


class FocalLoss(NormalizedLoss, message=("focal_loss_param", "loss_param")):
    """The mean of ``-alpha (1 - p)^gamma log p``, p the softmax of x at the label (Lin 2017).

    Labels equal to ``ignore_label`` count for nothing; for ``normalization`` see
    SoftmaxWithLoss.

    Shapes:
        x: ``(..., C, ...)``, C classes along ``axis``.
        label: a class number for each place of the other axes, in their order.
        loss: ``()``.
        prob: the softmax of x.

    Raises:
        FieldError: ``alpha`` or ``gamma`` is negative.
        ShapeError: the number of labels does not fit.
        DataError: when run, a label is none of the classes.
    """

    tops: ClassVar[tuple[str, ...]] = ("loss", "prob?")

    engine: str
    axis: int
    alpha: float = field(at_least=0)
    gamma: float = field(at_least=0)

    def infer(self, x: Shape, label: Shape, tops: tuple[str, ...]) -> Signature:
        check_labels(x, label, self.axis)
        places = places_of(x, self.axis)
        saved = [
            Saved("probability", x),
            Saved("normalizer", Shape(())),
            Saved("is_valid", label),
            Saved("target", x),
            Saved("p", places),
            Saved("terms", places),
        ]
        if len(tops) == 2:
            saved.append(Saved("through_prob", x))
        return Signature([Shape(()), x][: len(tops)], saved=saved)

    def forward(
        self,
        ops: Ops,
        x: Array,
        label: Array,
        loss: Array,
        prob: Array,
        probability: Array,
        normalizer: Array,
        is_valid: Array,
        target: Array,
        p: Array,
        terms: Array,
    ) -> None:
        axis = self.axis % x.ndim
        batch = batch_of(x, axis)
        self.count(ops, label, batch, is_valid=is_valid, normalizer=normalizer)
        ops.one_hot(label, axis, ignore=self.ignore_label, out=target)
        ops.softmax(x, axis, out=probability)
        ops.sum_product(probability, target, (axis,), out=p)
        # Where the label is ignored, p is 0 and is made 1, which costs nothing.
        ops.map("p + (1 - valid)", p=p, valid=is_valid.reshape(tuple(p.shape)), out=p)
        text = "(1 - p) ** gamma * log(maximum(p, smallest))"
        ops.map(text, p=p, gamma=self.gamma, smallest=_SMALLEST, out=terms)
        ops.sum(terms, tuple(range(terms.ndim)), out=loss)
        ops.map("-alpha * loss / n", alpha=self.alpha, loss=loss, n=normalizer, out=loss)
        if prob is not None:
            ops.copy(probability, out=prob)

    def backward(
        self,
        ops: Ops,
        dloss: Array,
        dprob: Array,
        probability: Array,
        normalizer: Array,
        is_valid: Array,
        target: Array,
        p: Array,
        terms: Array,
        grad: Grad,
        through_prob: Array = None,
    ) -> None:
        """Go back by ``d loss / d x_c = alpha k (onehot_c - p_c)``, with k set in ``terms``."""
        ops.map(
            "gamma * p * maximum(1 - p, smallest) ** (gamma - 1) * log(maximum(p, smallest))"
            " - (1 - p) ** gamma",
            p=p,
            gamma=self.gamma,
            smallest=_SMALLEST,
            out=terms,
        )
        wide = one_along(probability, self.axis)
        ops.map(
            "alpha * k * (one - p) * valid * dloss / n",
            alpha=self.alpha,
            k=terms.reshape(wide),
            one=target,
            p=probability,
            valid=is_valid.reshape(wide),
            dloss=dloss,
            n=normalizer,
            out=grad.x,
        )
        if dprob is not None:
            ops.softmax_grad(probability, dprob, self.axis, out=through_prob)
            ops.map("dx", dx=through_prob, add_to=grad.x)

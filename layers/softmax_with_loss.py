"""Softmax and its cross-entropy."""

from typing import ClassVar

import numpy as np

from netdef.errors import FieldError
from netdef.layer import Grad, Saved, Signature, field
from netdef.layers.normalized_loss import NormalizedLoss
from netdef.layers.soft_labels import (
    check_labels,
    cross_entropy,
    cross_entropy_grad,
    one_along,
    places_of,
)
from netdef.ops import Array, Ops
from netdef.shape import Shape

_SMALLEST = float(np.finfo(np.float32).tiny)


class SoftmaxWithLoss(
    NormalizedLoss, message=("softmax_param", "loss_param", "softmax_loss_param")
):
    """The mean of ``-log softmax(x)[label]`` along ``axis``: multinomial logistic loss.

    Labels equal to ``ignore_label`` count for nothing. The sum is divided by the number of
    other labels (``normalization`` VALID), all labels (FULL), the batch (BATCH_SIZE) or 1
    (NONE); by no less than 1.

    With ``label_smoothing`` e (Szegedy 2016) a label counts 1 - e, and each of the C classes
    e / C besides. With ``class_weight`` w, class c counts ``w[c]`` times, and VALID divides by
    the sum of the labels' weights, as in PyTorch. A gradient of the probabilities, such as
    a second ``loss_weight`` gives, is added.

    Shapes:
        x: ``(..., C, ...)``, C classes along ``axis``.
        label: a class number for each place of the other axes, in their order.
        loss: ``()``.
        prob: as x.

    Raises:
        FieldError: the number of weights is not that of the classes, or one is negative.
        ShapeError: the number of labels does not fit.
        DataError: when run, a label is none of the classes.
    """

    tops: ClassVar[tuple[str, ...]] = ("loss", "prob?")

    axis: int
    engine: str
    label_smoothing: float = field(at_least=0, at_most=1)
    class_weight: tuple[float, ...] = field(at_least=0)

    def infer(self, x: Shape, label: Shape, tops: tuple[str, ...]) -> Signature:
        check_labels(x, label, self.axis)
        classes = x[x.axis(self.axis)]
        if self.class_weight and len(self.class_weight) != classes:
            raise FieldError(
                f"class_weight has {len(self.class_weight)} values for {classes} classes; give one"
                " each"
            )
        saved = [Saved("probability", x), Saved("normalizer", Shape(()))]
        if self._is_soft:
            saved += [Saved("target", x), Saved("terms", x), Saved("is_valid", label)]
            saved += [Saved("total", places_of(x, self.axis))]
        if self.class_weight:
            weights = np.array(self.class_weight, np.float32)
            saved += [Saved("weights", Shape((classes,)), first=weights)]
        if len(tops) == 2:
            saved += [Saved("through_prob", x)]
        return Signature([Shape(()), x][: len(tops)], saved=saved)

    @property
    def _is_soft(self) -> bool:
        return bool(self.label_smoothing or self.class_weight)

    def forward(
        self,
        ops: Ops,
        x: Array,
        label: Array,
        loss: Array,
        prob: Array,
        probability: Array,
        normalizer: Array,
        target: Array = None,
        terms: Array = None,
        is_valid: Array = None,
        weights: Array = None,
    ) -> None:
        if self._is_soft:
            ops.softmax(x, self.axis, out=probability)
            self._spread(ops, label, target, terms, is_valid, normalizer, weights)
            cross_entropy(
                ops, probability, target, normalizer, smallest=_SMALLEST, terms=terms, loss=loss
            )
        else:
            ops.softmax_loss(
                x,
                label,
                self.axis,
                ignore=self.ignore_label,
                normalization=self.normalization,
                out=loss,
                probability=probability,
                normalizer=normalizer,
            )
        if prob is not None:
            ops.copy(probability, out=prob)

    def _spread(
        self,
        ops: Ops,
        label: Array,
        target: Array,
        terms: Array,
        is_valid: Array,
        normalizer: Array,
        weights: Array,
    ) -> None:
        """Set the target to what each class counts at each place, and the divisor."""
        at = self.axis % target.ndim
        batch, classes = Shape(target.shape[:at]).size, target.shape[at]
        self.count(ops, label, batch, is_valid=is_valid, normalizer=normalizer)
        ops.one_hot(label, at, ignore=self.ignore_label, out=target)
        along = tuple(-1 if i == at else 1 for i in range(target.ndim))
        if weights is not None and self.normalization == "VALID":
            ops.map("one * weight", one=target, weight=weights.reshape(along), out=terms)
            ops.sum(terms, tuple(range(terms.ndim)), out=normalizer)
            ops.map("where(n > 0, n, 1)", n=normalizer, out=normalizer)
        if self.label_smoothing:
            ops.map(
                "(one * (1 - e) + e / classes) * valid",
                one=target,
                e=self.label_smoothing,
                classes=classes,
                valid=is_valid.reshape(one_along(target, at)),
                out=target,
            )
        if weights is not None:
            ops.map("t * weight", t=target, weight=weights.reshape(along), out=target)

    def backward(
        self,
        ops: Ops,
        label: Array,
        dloss: Array,
        dprob: Array,
        probability: Array,
        normalizer: Array,
        grad: Grad,
        target: Array = None,
        total: Array = None,
        through_prob: Array = None,
    ) -> None:
        if self._is_soft:
            cross_entropy_grad(
                ops, probability, target, normalizer, dloss, self.axis, total=total, out=grad.x
            )
        else:
            ops.softmax_loss_grad(
                probability,
                label,
                normalizer,
                dloss,
                self.axis,
                ignore=self.ignore_label,
                out=grad.x,
            )
        if dprob is not None:
            ops.softmax_grad(probability, dprob, self.axis, out=through_prob)
            ops.map("dx", dx=through_prob, add_to=grad.x)

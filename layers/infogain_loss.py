"""Multinomial logistic loss with a matrix of what each mistake costs."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from netdef.errors import FieldError, ShapeError, at
from netdef.io.blobs import read_blob
from netdef.layer import Grad, Saved, Signature
from netdef.layers.normalized_loss import NormalizedLoss
from netdef.layers.soft_labels import (
    batch_of,
    check_labels,
    cross_entropy,
    cross_entropy_grad,
    one_along,
    places_of,
)
from netdef.ops import Array, Ops
from netdef.shape import Shape

_SMALLEST = 1e-20


class InfogainLoss(NormalizedLoss, message=("infogain_loss_param", "loss_param")):
    """The mean of ``-sum_c H[label, c] log softmax(x)[c]`` along ``axis``.

    The matrix H is the third bottom, or read from the binaryproto ``source``; the identity
    makes SoftmaxWithLoss of it. Labels equal to ``ignore_label`` count for nothing; for
    ``normalization`` see SoftmaxWithLoss.

    Shapes:
        x: ``(..., C, ...)``, C classes along ``axis``.
        label: a class number for each place of the other axes, in their order.
        matrix: C^2 numbers of any shape, row by row.
        loss: ``()``.
        prob: the softmax of x.

    Raises:
        FieldError: neither source nor a third bottom gives the matrix.
        ShapeError: the number of labels, or the size of the matrix, does not fit.
        DataError: when run, a label is none of the classes.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "label", "matrix?")
    tops: ClassVar[tuple[str, ...]] = ("loss", "prob?")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"label", "matrix"})

    source: str
    axis: int

    def infer(
        self, x: Shape, label: Shape, matrix: Shape | None, tops: tuple[str, ...]
    ) -> Signature:
        check_labels(x, label, self.axis)
        classes, places = x[x.axis(self.axis)], places_of(x, self.axis)
        saved = [
            Saved("probability", x),
            Saved("normalizer", Shape(())),
            Saved("is_valid", label),
            Saved("number", label),
            Saved("costs", (*places, classes)),
            Saved("target", x),
            Saved("terms", x),
            Saved("total", places),
        ]
        if matrix is None:
            saved.append(Saved("table", (classes, classes), first=self._read(classes)))
        elif matrix.size != classes**2:
            raise ShapeError(f"the matrix {matrix} must have {classes} x {classes} numbers")
        if len(tops) == 2:
            saved.append(Saved("through_prob", x))
        return Signature([Shape(()), x][: len(tops)], saved=saved)

    def _read(self, classes: int) -> np.ndarray:
        if not self.source:
            raise FieldError("needs its matrix: set infogain_loss_param source, or a third bottom")
        matrix = np.asarray(read_blob(Path(self.source)), np.float32)
        with at(self.source):
            if matrix.size != classes**2:
                raise ShapeError(
                    f"the matrix {Shape(matrix.shape)} must have {classes} x {classes} numbers"
                )
        return matrix.reshape(classes, classes)

    def forward(
        self,
        ops: Ops,
        x: Array,
        label: Array,
        matrix: Array,
        loss: Array,
        prob: Array,
        probability: Array,
        normalizer: Array,
        is_valid: Array,
        number: Array,
        costs: Array,
        target: Array,
        terms: Array,
        table: Array = None,
    ) -> None:
        axis, classes = self.axis % x.ndim, costs.shape[-1]
        batch = batch_of(x, axis)
        self.count(ops, label, batch, is_valid=is_valid, normalizer=normalizer)
        # A label to ignore may be no row of the matrix.
        ops.map("where(valid > 0, label, 0)", valid=is_valid, label=label, out=number)
        rows = table if matrix is None else matrix.reshape(classes, classes)
        ops.gather(rows, number.reshape(-1), out=costs.reshape(-1, classes))
        last = x.ndim - 1
        aligned = costs.transpose(*range(axis), last, *range(axis, last))
        valid = is_valid.reshape(one_along(x, axis))
        ops.map("cost * valid", cost=aligned, valid=valid, out=target)
        ops.softmax(x, axis, out=probability)
        cross_entropy(
            ops, probability, target, normalizer, smallest=_SMALLEST, terms=terms, loss=loss
        )
        if prob is not None:
            ops.copy(probability, out=prob)

    def backward(
        self,
        ops: Ops,
        dloss: Array,
        dprob: Array,
        probability: Array,
        normalizer: Array,
        target: Array,
        total: Array,
        grad: Grad,
        through_prob: Array = None,
    ) -> None:
        cross_entropy_grad(
            ops, probability, target, normalizer, dloss, self.axis, total=total, out=grad.x
        )
        if dprob is not None:
            ops.softmax_grad(probability, dprob, self.axis, out=through_prob)
            ops.map("dx", dx=through_prob, add_to=grad.x)

"""The part of labels that are found."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Accuracy(Layer, message="accuracy_param"):
    """The part of labels whose score is among the ``top_k`` largest along ``axis``.

    A score counts as smaller than all that equal it, as in Caffe. Labels equal to
    ``ignore_label`` count for nothing.

    Shapes:
        x: ``(..., C, ...)``, C classes along ``axis``.
        label: a class number for each place of the other axes.
        y: ``()``.
        per_class: ``(C,)``, the accuracy over the labels of each class, 0 if there are none.

    Raises:
        ShapeError: the number of labels does not fit, or ``top_k`` exceeds the classes.
        DataError: when run, a label is none of the classes.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "label")
    tops: ClassVar[tuple[str, ...]] = ("y", "per_class?")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"label"})

    top_k: int = field(at_least=1)
    axis: int
    ignore_label: int

    def infer(self, x: Shape, label: Shape, tops: tuple[str, ...]) -> Signature:
        at = x.axis(self.axis)
        places, classes = Shape((*x[:at], *x[at + 1 :])), x[at]
        if label.size != places.size:
            raise ShapeError(
                f"scores of shape {x} with classes along axis {at} need {places.size} labels, as"
                f" {places}, but the labels have the shape {label}"
            )
        if self.top_k > classes:
            raise ShapeError(f"top_k {self.top_k} is more than the {classes} classes of {x}")
        return Signature([Shape(()), Shape((classes,))][: len(tops)])

    def forward(self, ops: Ops, x: Array, label: Array, y: Array, per_class: Array | None) -> None:
        ops.accuracy(
            x,
            label,
            self.axis,
            top_k=self.top_k,
            ignore=self.ignore_label,
            out=y,
            per_class=per_class,
        )

"""Softmax and its cross-entropy."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Saved, Signature
from netdef.ops import Array, Ops
from netdef.proto import LayerParameter, LossParameter
from netdef.shape import Shape


class SoftmaxWithLoss(Layer, message=("softmax_param", "loss_param")):
    """The mean of ``-log softmax(x)[label]`` along ``axis``: multinomial logistic loss.

    Labels equal to ``ignore_label`` count for nothing. The sum is divided by the number of
    other labels (``normalization`` VALID), all labels (FULL), the batch (BATCH_SIZE) or 1
    (NONE); by no less than 1.

    Shapes:
        x: ``(..., C, ...)``, C classes along ``axis``.
        label: a class number for each place of the other axes, in their order.
        loss: ``()``.
        probability: as x.

    Raises:
        ShapeError: the number of labels does not fit.
        DataError: when run, a label is none of the classes.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "label")
    tops: ClassVar[tuple[str, ...]] = ("loss", "prob?")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"label"})
    loss_weight: ClassVar[float] = 1.0

    axis: int
    engine: str
    ignore_label: int
    normalization: str

    @classmethod
    def from_proto(cls, proto: LayerParameter, training: bool = True) -> "SoftmaxWithLoss":
        """Read the fields; the old ``normalize`` stands for a ``normalization``."""
        given = proto.loss_param
        if given.HasField("normalize") and not given.HasField("normalization"):
            proto = LayerParameter.FromString(proto.SerializeToString())
            old = LossParameter.VALID if given.normalize else LossParameter.BATCH_SIZE
            proto.loss_param.normalization = old
        return super().from_proto(proto, training)

    def infer(self, x: Shape, label: Shape, tops: tuple[str, ...]) -> Signature:
        check_labels(x, label, self.axis)
        saved = [Saved("probability", x), Saved("normalizer", Shape(()))]
        return Signature([Shape(()), x][: len(tops)], saved=saved)

    def forward(
        self,
        ops: Ops,
        x: Array,
        label: Array,
        loss: Array,
        prob: Array | None,
        probability: Array,
        normalizer: Array,
    ) -> None:
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

    def backward(
        self,
        ops: Ops,
        label: Array,
        dloss: Array,
        probability: Array,
        normalizer: Array,
        grad: Grad,
    ) -> None:
        ops.softmax_loss_grad(
            probability,
            label,
            normalizer,
            dloss,
            self.axis,
            ignore=self.ignore_label,
            out=grad.x,
        )


def check_labels(x: Shape, label: Shape, axis: int) -> None:
    """Fail unless there is one label for each place of x outside ``axis``.

    Raises:
        ShapeError: their numbers differ.
    """
    at = x.axis(axis)
    places = Shape((*x[:at], *x[at + 1 :]))
    if label.size != places.size:
        raise ShapeError(
            f"scores of shape {x} with classes along axis {at} need {places.size} labels, as"
            f" {places}, but the labels have the shape {label}"
        )

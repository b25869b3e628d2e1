"""What losses over labels leave out, and what they are divided by."""

from math import prod
from typing import ClassVar, Self

from netdef.layer import Layer
from netdef.ops import Array, Ops
from netdef.proto import LayerParameter, LossParameter


class NormalizedLoss(Layer, message="loss_param", is_abstract=True):
    """Base of losses that are a sum over labels, divided as ``loss_param`` says.

    Labels equal to ``ignore_label`` count for nothing. The sum is divided by the number of
    other labels (``normalization`` VALID), all labels (FULL), the batch (BATCH_SIZE) or 1
    (NONE); by no less than 1.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "label")
    tops: ClassVar[tuple[str, ...]] = ("loss",)
    without_gradient: ClassVar[frozenset[str]] = frozenset({"label"})
    loss_weight: ClassVar[float] = 1.0
    usual: ClassVar["LossParameter.NormalizationMode.ValueType"] = LossParameter.VALID
    """The normalization where the prototxt gives none."""

    ignore_label: int | None
    normalization: str

    @classmethod
    def from_proto(cls, proto: LayerParameter, training: bool = True) -> Self:
        """Read the fields; the old ``normalize`` stands for a ``normalization``."""
        given = proto.loss_param
        if not given.HasField("normalization"):
            old = LossParameter.VALID if given.normalize else LossParameter.BATCH_SIZE
            proto = LayerParameter.FromString(proto.SerializeToString())
            proto.loss_param.normalization = old if given.HasField("normalize") else cls.usual
        return super().from_proto(proto, training)

    def count(
        self, ops: Ops, label: Array, batch: int, *, is_valid: Array, normalizer: Array
    ) -> None:
        """Set ``is_valid`` to 1 for each label that counts, else 0, and the divisor."""
        if self.ignore_label is None:
            ops.fill(1, out=is_valid)
        else:
            ops.map("label != ignore", label=label, ignore=self.ignore_label, out=is_valid)
        if self.normalization == "VALID":
            ops.sum(is_valid, tuple(range(is_valid.ndim)), out=normalizer)
            ops.map("maximum(n, 1)", n=normalizer, out=normalizer)
        else:
            fixed = {"FULL": prod(label.shape), "BATCH_SIZE": batch, "NONE": 1}
            ops.fill(max(fixed[self.normalization], 1), out=normalizer)

"""Cross-entropy of independent yes-or-no labels."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Saved, Signature
from netdef.layers.normalized_loss import NormalizedLoss
from netdef.ops import Array, Ops
from netdef.proto import LossParameter
from netdef.shape import Shape


class SigmoidCrossEntropyLoss(NormalizedLoss, message="loss_param"):
    """The sum of ``-(t log p + (1 - t) log(1 - p))`` with ``p = sigmoid(x)``, over the batch.

    Computed as ``log(1 + exp(-|x|)) - x (t - [x >= 0])``, which cannot overflow. Targets equal
    to ``ignore_label`` count for nothing. Unlike other losses it is divided by the batch if
    the prototxt gives no ``normalization``; else by the number of targets that count
    (VALID), of all (FULL), or by 1 (NONE); by no less than 1.

    Shapes:
        x: ``(N, ...)``.
        label: the targets t, as many numbers from 0 to 1.
        loss: ``()``.

    Raises:
        ShapeError: the numbers of scores and targets differ.
    """

    usual: ClassVar["LossParameter.NormalizationMode.ValueType"] = LossParameter.BATCH_SIZE

    def infer(self, x: Shape, label: Shape) -> Signature:
        if x.size != label.size:
            raise ShapeError(f"the scores {x} and the targets {label} differ in number")
        saved = [Saved("is_valid", x), Saved("normalizer", Shape(())), Saved("terms", x)]
        return Signature([Shape(())], saved=saved)

    def forward(
        self,
        ops: Ops,
        x: Array,
        label: Array,
        loss: Array,
        is_valid: Array,
        normalizer: Array,
        terms: Array,
    ) -> None:
        target = label.reshape(tuple(x.shape))
        self.count(ops, target, x.shape[0], is_valid=is_valid, normalizer=normalizer)
        text = "(log(1 + exp(-abs(x))) - x * (t - (x >= 0))) * valid"
        ops.map(text, x=x, t=target, valid=is_valid, out=terms)
        ops.sum(terms, tuple(range(terms.ndim)), out=loss)
        ops.map("loss / n", loss=loss, n=normalizer, out=loss)

    def backward(
        self,
        ops: Ops,
        x: Array,
        label: Array,
        dloss: Array,
        is_valid: Array,
        normalizer: Array,
        grad: Grad,
    ) -> None:
        ops.map(
            "(0.5 * tanh(0.5 * x) + 0.5 - t) * valid * dloss / n",
            x=x,
            t=label.reshape(tuple(x.shape)),
            valid=is_valid,
            dloss=dloss,
            n=normalizer,
            out=grad.x,
        )

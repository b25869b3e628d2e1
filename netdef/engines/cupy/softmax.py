"""Softmax, alone and with its loss."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdef.engines.cupy.lines import Labelled, ignored, lines, number_along, strides_of_labels
from netdef.engines.cupy.places import axes_of, strides_of, struct
from netdef.engines.cupy.reduction import reduction, reduction_of
from netdef.engines.engine import Run, in_order


class Softmax(Labelled):
    """The primitives ``softmax`` and ``softmax_loss`` with their gradients."""

    def softmax(self, x: Any, out: Any, *, axis: int) -> Run:
        real, by = self.one_type(x, out), reduction((axis,), x, out)
        return self.launch("softmax", "softmax", real, by.blocks, x, out, lines(by))

    def softmax_grad(self, y: Any, dy: Any, out: Any, *, axis: int) -> Run:
        real, by = self.one_type(y, dy, out), reduction((axis,), y, dy, out)
        return self.launch("softmax", "softmax_grad", real, by.blocks, y, dy, out, lines(by))

    def softmax_loss(
        self,
        x: Any,
        label: Any,
        out: Any,
        probability: Any,
        normalizer: Any,
        *,
        axis: int,
        ignore: int | None,
        normalization: str,
    ) -> Run:
        """Compute the loss, and note whether a label was none of the classes: see ``Checks``.

        The loss is no number then.
        """
        real = self.one_type(x, label, out, probability, normalizer)
        plain, copy = self.labels_in_order(label)
        kept = x if probability is None else probability
        by = reduction_of(
            (axis,), x.shape, *map(strides_of, (x, kept)), strides_of_labels(x.shape, axis)
        )
        losses = self.scratch.take((max(1, by.blocks), real.itemsize + 8), "uint8")
        wrong = self.wrong_label(x.shape, axis)
        divisor = _divisor(normalization, x.shape, axis)
        smallest = float(np.finfo(np.float32).tiny)
        return in_order(
            copy,
            self.launch(
                *("softmax", "softmax_loss", real, by.blocks),
                *(x, plain, probability, losses, lines(by), *ignored(ignore), smallest),
            ),
            self.launch(
                *("softmax", "mean_loss", real, 1),
                *(losses, by.blocks, divisor, out, normalizer, plain, wrong),
            ),
        )

    def softmax_loss_grad(
        self,
        probability: Any,
        label: Any,
        normalizer: Any,
        dloss: Any,
        out: Any,
        *,
        axis: int,
        ignore: int | None,
    ) -> Run:
        real = self.one_type(probability, label, normalizer, dloss, out)
        plain, copy = self.labels_in_order(label)
        number = number_along(out.ndim, axis)
        lying = (
            strides_of(out),
            strides_of(probability),
            strides_of_labels(out.shape, axis),
            number,
        )
        axes = axes_of(out.shape, *lying)
        classes = struct(axes.count, axes.packed(), *axes.packed_strides())
        arrays = (probability, plain, normalizer, dloss, out)
        return in_order(
            copy,
            self.launch(
                *("softmax", "softmax_loss_grad", real, self.blocks_for(axes.count)),
                *(*arrays, classes, *ignored(ignore)),
            ),
        )


def _divisor(normalization: str, shape: Sequence[int], axis: int) -> float:
    """Return Caffe's normalizer, at least 1; or 0 if it is the number of labels that count."""
    at = axis % len(shape)
    lines = int(np.prod(shape[:at])) * int(np.prod(shape[at + 1 :]))
    known = {"VALID": 0, "FULL": lines, "BATCH_SIZE": int(np.prod(shape[:at])), "NONE": 1}
    return float(known[normalization] if normalization == "VALID" else max(1, known[normalization]))

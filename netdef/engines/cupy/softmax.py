"""Softmax, alone and with its loss."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from netdef.engines.checks import Refuse
from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import Strides, axes_of, plain_strides, strides_of, struct
from netdef.engines.cupy.reduction import Reduction, reduction, reduction_of
from netdef.engines.engine import Launches, Run, in_order
from netdef.engines.numpy.labels import refuse_label


class Softmax(Launching):
    """The primitives ``softmax`` and ``softmax_loss`` with their gradients."""

    def softmax(self, x: Any, out: Any, *, axis: int) -> Run:
        real, by = self.one_type(x, out), reduction((axis,), x, out)
        return self.launch("softmax", "softmax", real, by.blocks, x, out, _lines(by))

    def softmax_grad(self, y: Any, dy: Any, out: Any, *, axis: int) -> Run:
        real, by = self.one_type(y, dy, out), reduction((axis,), y, dy, out)
        return self.launch("softmax", "softmax_grad", real, by.blocks, y, dy, out, _lines(by))

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
        """Compute the loss, and note whether a label was none of the classes: see ``Checks``."""
        real = self.one_type(x, label, out, probability, normalizer)
        plain, copy = self._in_order(label)
        kept = x if probability is None else probability
        by = reduction_of((axis,), x.shape, *map(strides_of, (x, kept)), _of_lines(x.shape, axis))
        losses = self.scratch.take((max(1, by.blocks), real.itemsize + 8), "uint8")
        wrong = self.checks.add(_refusal(x.shape, axis))
        divisor = _divisor(normalization, x.shape, axis)
        smallest = float(np.finfo(np.float32).tiny)
        return in_order(
            copy,
            self.launch(
                *("softmax", "softmax_loss", real, by.blocks),
                *(x, plain, probability, losses, _lines(by), *_ignored(ignore), smallest),
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
        plain, copy = self._in_order(label)
        number = tuple(int(i == axis % out.ndim) for i in range(out.ndim))
        lying = (strides_of(out), strides_of(probability), _of_lines(out.shape, axis), number)
        axes = axes_of(out.shape, *lying)
        classes = struct(axes.count, axes.packed(), *axes.packed_strides())
        arrays = (probability, plain, normalizer, dloss, out)
        return in_order(
            copy,
            self.launch(
                *("softmax", "softmax_loss_grad", real, self.blocks_for(axes.count)),
                *(*arrays, classes, *_ignored(ignore)),
            ),
        )

    def _in_order(self, label: Any) -> tuple[Any, Run | None]:
        """Return the labels in C order, and what brings them there if they are not."""
        if label.flags.c_contiguous:
            return label, None
        plain = self.scratch.take(label.shape, label.dtype)
        return plain, Launches(partial(self.xp.copyto, plain, label))


def _refusal(shape: Sequence[int], axis: int) -> Refuse:
    """Return what raises the error of a label of such scores, by its place in C order."""
    at = axis % len(shape)
    inner, classes = int(np.prod(shape[at + 1 :])), shape[at]
    return lambda place, label: refuse_label(label, place // inner, classes)


def _of_lines(shape: Sequence[int], axis: int) -> Strides:
    """Return the strides of what has one number for each line along an axis, in C order."""
    at = axis % len(shape)
    left = plain_strides([*shape[:at], *shape[at + 1 :]])
    return (*left[:at], 0, *left[at:])


def _lines(by: Reduction) -> Any:
    """Return the struct ``Lines`` of up to three arrays."""
    nothing = [[0] * 5] * (3 - len(by.kept.strides))
    kept, along = (axes.packed_strides() + nothing for axes in (by.kept, by.summed))
    return struct(by.packed(), *kept, *along)


def _ignored(ignore: int | None) -> tuple[int, int]:
    """Return the label that does not count, and whether there is one."""
    return (0, 0) if ignore is None else (int(ignore), 1)


def _divisor(normalization: str, shape: Sequence[int], axis: int) -> float:
    """Return Caffe's normalizer, at least 1; or 0 if it is the number of labels that count."""
    at = axis % len(shape)
    lines = int(np.prod(shape[:at])) * int(np.prod(shape[at + 1 :]))
    known = {"VALID": 0, "FULL": lines, "BATCH_SIZE": int(np.prod(shape[:at])), "NONE": 1}
    return float(known[normalization] if normalization == "VALID" else max(1, known[normalization]))

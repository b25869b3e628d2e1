"""Scores held against labels."""

from typing import Any

import numpy as np

from netdef.engines.cupy.lines import Labelled, ignored, lines, number_along, strides_of_labels
from netdef.engines.cupy.places import axes_of, strides_of, struct
from netdef.engines.cupy.reduction import reduction_of
from netdef.engines.engine import Run, in_order

_SCORE_BYTES = 12


class Scoring(Labelled):
    """The primitives ``accuracy`` and ``one_hot``."""

    def accuracy(
        self,
        x: Any,
        label: Any,
        out: Any,
        per_class: Any,
        *,
        axis: int,
        top_k: int,
        ignore: int | None,
    ) -> Run:
        real = self.one_type(x, label, out, per_class)
        plain, copy = self.labels_in_order(label)
        by = reduction_of((axis,), x.shape, strides_of(x), strides_of_labels(x.shape, axis))
        hits = self.scratch.take((label.size,), "int32")
        scores = self.scratch.take((max(1, by.blocks), _SCORE_BYTES), "uint8")
        wrong, counted = self.wrong_label(x.shape, axis), (top_k, *ignored(ignore))
        classes = None
        if per_class is not None:
            arguments = (hits, plain, label.size, per_class, *strides_of(per_class))
            classes = self.launch("scoring", "score_classes", real, per_class.size, *arguments)
        return in_order(
            copy,
            self.launch(
                *("scoring", "score_lines", real, by.blocks),
                *(x, plain, hits, scores, lines(by), *counted),
            ),
            self.launch("scoring", "mean_score", real, 1, scores, by.blocks, out, plain, wrong),
            classes,
        )

    def one_hot(self, label: Any, out: Any, *, axis: int, ignore: int | None) -> Run:
        real, (plain, copy) = self.one_type(label, out), self.labels_in_order(label)
        shape, classes = out.shape, out.shape[axis]
        labels, number = strides_of_labels(shape, axis), number_along(out.ndim, axis)
        axes = axes_of(shape, strides_of(out), labels, number)
        hot = struct(axes.count, axes.packed(), *axes.packed_strides())
        check = (plain, int(np.prod(label.shape)), classes, *ignored(ignore))
        blocks = self.blocks_for(axes.count)
        return in_order(
            copy,
            self.launch("scoring", "check_labels", real, 1, *check, self.wrong_label(shape, axis)),
            self.launch("scoring", "one_hot", real, blocks, plain, out, hot, *ignored(ignore)),
        )

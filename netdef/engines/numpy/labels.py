"""Class numbers as they come from a blob: checked, and turned into places of scores."""

from math import prod
from typing import Any

import numpy as np

from netdef.engines.engine import Engine
from netdef.engines.scratch import axes_in_memory
from netdef.errors import DataError


class Labels:
    """The labels of scores with classes along ``axis``, one for each other place.

    After ``read``: ``number`` is each label as an integer, ``is_valid`` is 0 where it is
    ``ignore`` and 1 elsewhere, and ``place`` is where its score lies in the ``flat`` scores.
    """

    def __init__(
        self, engine: Engine, scores: Any, label: Any, axis: int, ignore: int | None
    ) -> None:
        self.xp, self.ignore = engine.xp, ignore
        shape, axis = scores.shape, axis % scores.ndim
        self.classes = shape[axis]
        self._inner = prod(shape[axis + 1 :])
        self._label, count = label, label.size
        self._number = engine.scratch.take(label.shape, "int64")
        self.number = self._number.reshape(-1)
        self.place = engine.scratch.take((count,), "int64")
        self.is_valid = engine.scratch.take((count,), "bool")
        steps = [s // scores.itemsize for s in scores.strides]
        self._step = steps.pop(axis)
        # Where the scores of class 0 lie, in the labels' order.
        starts = np.zeros((), np.int64)
        for size, step in zip(shape[:axis] + shape[axis + 1 :], steps, strict=True):
            starts = starts[..., None] + np.arange(size) * step
        self._start = engine.xp.asarray(starts.reshape(-1))

    def read(self) -> None:
        """Take the labels that are in the blob now.

        Raises:
            DataError: a label is none of the classes.
        """
        xp = self.xp
        xp.copyto(self._number, self._label, casting="unsafe")
        if self.ignore is None:
            self.is_valid.fill(True)
        else:
            xp.not_equal(self.number, self.ignore, out=self.is_valid)
            xp.multiply(self.number, self.is_valid, out=self.number)
        if self.number.size and not 0 <= self.number.min() <= self.number.max() < self.classes:
            self._refuse()
        xp.multiply(self.number, self._step, out=self.place)
        xp.add(self.place, self._start, out=self.place)

    def gather(self, scores: Any, out: Any) -> None:
        """Put the score of each label, from the flat scores, into out."""
        if self.xp is np:  # only with a mode does NumPy write straight to out
            np.take(scores, self.place, out=out, mode="clip")
        else:
            self.xp.take(scores, self.place, out=out)

    def _refuse(self) -> None:
        is_wrong = (self.number < 0) | (self.number >= self.classes)
        at = int(self.xp.argmax(is_wrong))
        refuse_label(int(self.number[at]), at // self._inner, self.classes)


def flat(scores: Any) -> Any:
    """View dense scores as a line, in the order they lie in; None if there are gaps."""
    lying = scores.transpose(axes_in_memory(scores))
    return lying.reshape(-1) if lying.flags.c_contiguous else None


def refuse_label(label: int, item: int, classes: int) -> None:
    """Raise the error of a label that is no class.

    Raises:
        DataError: always.
    """
    raise DataError(
        f"label {label} (item {item} of the batch) is outside the {classes} classes 0 to"
        f" {classes - 1}; correct the label, or the number of outputs below"
    )

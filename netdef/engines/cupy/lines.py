"""The lines along one axis of arrays, such as the scores of each item, and their labels."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import Strides, plain_strides, struct
from netdef.engines.cupy.reduction import Reduction
from netdef.engines.engine import Launches, Run
from netdef.engines.numpy.labels import refuse_label


class Labelled(Launching):
    """What calls share that read a label for each line."""

    def labels_in_order(self, label: Any) -> tuple[Any, Run | None]:
        """Return the labels in C order, and what brings them there if they are not."""
        if label.flags.c_contiguous:
            return label, None
        plain = self.scratch.take(label.shape, label.dtype)
        return plain, Launches(partial(self.xp.copyto, plain, label))

    def wrong_label(self, shape: Sequence[int], axis: int) -> Any:
        """Return where the first label of such scores is noted that is no class: see ``Checks``.

        Its place is that in C order.
        """
        at = axis % len(shape)
        inner, classes = int(np.prod(shape[at + 1 :])), shape[at]
        return self.checks.add(lambda place, label: refuse_label(label, place // inner, classes))


def strides_of_labels(shape: Sequence[int], axis: int) -> Strides:
    """Return the strides of what has one number for each line along an axis, in C order."""
    at = axis % len(shape)
    left = plain_strides([*shape[:at], *shape[at + 1 :]])
    return (*left[:at], 0, *left[at:])


def number_along(ndim: int, axis: int) -> Strides:
    """Return the strides by which the place of a number is its number in a line."""
    return tuple(int(i == axis % ndim) for i in range(ndim))


def lines(by: Reduction) -> Any:
    """Return the struct ``Lines`` of up to three arrays."""
    nothing = [[0] * 5] * (3 - len(by.kept.strides))
    kept, along = (axes.packed_strides() + nothing for axes in (by.kept, by.summed))
    return struct(by.packed(), *kept, *along)


def ignored(ignore: int | None) -> tuple[int, int]:
    """Return the label that does not count, and whether there is one."""
    return (0, 0) if ignore is None else (int(ignore), 1)

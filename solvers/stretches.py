"""The arenas of weights cut into stretches, and the threads that go over them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from netdef.engines.threads import ALONE, of_this_machine, parts
from netdef.weights import Segment, Weights

_ELEMENTS_IN_CACHE = 64 * 1024
"""Weights, gradients, histories and scratch of a stretch stay near a core, and calls stay few."""
_ELEMENTS_ON_GPU = 4 * 1024 * 1024
_FEWEST_FOR_A_THREAD = 4
"""Stretches; for less than so many a thread takes longer to wake up than to work."""


@dataclass(frozen=True)
class Stretch:
    """Views of one stretch of the arenas, the ``number``-th; ``g`` and ``spare`` are scratch.

    ``region`` is the number of the region that it is a part of.
    """

    number: int
    region: int
    w: Any
    grad: Any
    histories: list[Any]
    g: Any
    spare: Any


class Stretches:
    """All stretches of some regions of the arenas; each region has one step.

    Each thread has scratch memory of its own and a row of neighbouring stretches.
    """

    def __init__(
        self, weights: Weights, histories: Sequence[Any], regions: Sequence[Segment]
    ) -> None:
        device = weights.device
        self.regions = list(regions)
        length = _ELEMENTS_ON_GPU if device.is_gpu else _ELEMENTS_IN_CACHE
        cuts = [
            (number, slice(start, min(start + length, region.stop)))
            for number, region in enumerate(self.regions)
            for start in range(region.start, region.stop, length)
        ]
        self.count = len(cuts)
        self.region_of = [region for region, _ in cuts]
        """The region of each stretch, by the stretch's number."""
        self._threads = ALONE if device.is_gpu else of_this_machine()
        rows = parts(len(cuts), min(self._threads.count, len(cuts) // _FEWEST_FOR_A_THREAD))
        size = max((cut.stop - cut.start for _, cut in cuts), default=0)
        self._rows = []
        for row in rows:
            scratch = device.xp.empty((2, size), "float32")
            self._rows.append(
                [
                    _stretch(weights, histories, scratch, number, *cuts[number])
                    for number in range(len(cuts))[row]
                ]
            )

    def each(self, work: Callable[[Stretch], None]) -> None:
        """Call ``work`` for every stretch, in several threads at once."""
        self._threads.together([partial(_over, row, work) for row in self._rows])()


def _over(row: list[Stretch], work: Callable[[Stretch], None]) -> None:
    # What is no number shows in the loss, where it is looked for.
    with np.errstate(all="ignore"):
        for stretch in row:
            work(stretch)


def _stretch(
    weights: Weights,
    histories: Sequence[Any],
    scratch: Any,
    number: int,
    region: int,
    here: slice,
) -> Stretch:
    g, spare = scratch[:, : here.stop - here.start]
    own = [h[here] for h in histories]
    return Stretch(number, region, weights.data[here], weights.grad[here], own, g, spare)


def blobs_of(weights: Weights) -> list[Segment]:
    """Return each learned blob as a region of its own."""
    found = []
    for key, start in sorted(weights.starts.items(), key=lambda item: item[1]):
        param = weights.params[key]
        if param.is_learned:
            stop = start + int(np.prod(param.weight.shape, dtype=np.int64))
            found.append(Segment(start, stop, param.lr_mult, param.decay_mult))
    return found

"""Arenas cut into stretches, and the threads that go over them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from netdef.engines.threads import of_this_machine, parts
from netdef.weights import Segment, Weights

_ELEMENTS_IN_CACHE = 64 * 1024
"""Weights, gradients, histories and scratch of a stretch stay near a core, and calls stay few."""
_FEWEST_FOR_A_THREAD = 4
"""Stretches; for less than so many a thread takes longer to wake up than to work."""


@dataclass(frozen=True)
class Stretch:
    """Views of one stretch of the arenas, the ``number``-th, and rooms of scratch memory.

    ``region`` is the number of the region that it is a part of.
    """

    number: int
    region: int
    arrays: Mapping[str, Any]
    rooms: Sequence[Any]
    ready: dict[Any, Any] = field(default_factory=dict)
    """What was prepared for it."""


class Stretches:
    """All stretches of some regions of the arenas, in the memory of the CPU.

    Each thread has scratch memory of its own and a row of neighbouring stretches.
    """

    def __init__(self, arenas: Mapping[str, Any], regions: Sequence[Segment], rooms: int) -> None:
        cuts = cuts_of(regions, _ELEMENTS_IN_CACHE)
        self.count = len(cuts)
        self.region_of = [region for _, _, region in cuts]
        """The region of each stretch, by the stretch's number."""
        self._threads = of_this_machine()
        rows = parts(len(cuts), min(self._threads.count, len(cuts) // _FEWEST_FOR_A_THREAD))
        size = max((stop - start for start, stop, _ in cuts), default=0)
        self._rows = []
        for row in rows:
            scratch = np.empty((rooms, size), "float32")
            self._rows.append(
                [
                    _stretch(arenas, scratch, number, *cuts[number])
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
    arenas: Mapping[str, Any], scratch: Any, number: int, start: int, stop: int, region: int
) -> Stretch:
    arrays = {name: arena[start:stop] for name, arena in arenas.items()}
    return Stretch(number, region, arrays, scratch[:, : stop - start])


def cuts_of(regions: Sequence[Segment], length: int) -> list[tuple[int, int, int]]:
    """Cut regions into parts of at most ``length``: begin, end and number of its region."""
    return [
        (start, min(start + length, region.stop), number)
        for number, region in enumerate(regions)
        for start in range(region.start, region.stop, length)
    ]


def blobs_of(weights: Weights) -> list[Segment]:
    """Return each learned blob as a region of its own."""
    found = []
    for key, start in sorted(weights.starts.items(), key=lambda item: item[1]):
        param = weights.params[key]
        if param.is_learned:
            stop = start + int(np.prod(param.weight.shape, dtype=np.int64))
            found.append(Segment(start, stop, param.lr_mult, param.decay_mult))
    return found

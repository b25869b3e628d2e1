"""Regions of arenas as a GPU knows them: a table of chunks, and a row of numbers for each."""

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from netdef.engines.cupy.kernels import THREADS
from netdef.engines.cupy.update import BEHIND_THE_TABLE, MOST_NUMBERS
from netdef.solvers.method import Numbers, kind_of
from netdef.solvers.stretches import cuts_of
from netdef.weights import Segment

_LEAST = 4 * 1024
"""Numbers of a chunk; with fewer a block has too little to do."""
_MOST_CHUNKS = 4 * 1024
"""Enough to keep every processor of a large GPU busy, and few enough to be summed up at once."""
_SWEEP = 4 * THREADS
"""Numbers that a block takes at once."""


class DeviceRegions:
    """Tables in a GPU's memory: see ``update.cu``.

    ``names`` are those of a row's numbers, of which the last is the scale. Each kind of region
    is told once, and the device gives its numbers to the rows of that kind.
    """

    def __init__(self, xp: ModuleType, names: Sequence[str], regions: Sequence[Segment]) -> None:
        chunks = chunks_of(regions)
        self.count, self.rows = len(chunks), len(regions)
        self.chunks = xp.asarray(chunks)
        firsts = np.searchsorted(chunks[:, 2], np.arange(self.rows + 1))
        self.firsts = xp.asarray(firsts.astype("int32"))
        """The number of each region's first chunk, and how many there are."""
        self.parts = xp.zeros(2 * self.count, "float64")
        """Room for two sums of each chunk."""
        self.table = xp.zeros(self.rows * len(names) + BEHIND_THE_TABLE, "float64")
        self.sizes = np.int32(self.rows), np.int32(len(names))
        """Of the table."""
        kinds = [kind_of(region) for region in regions]
        self._names, self._kinds = names, sorted(set(kinds))
        self._kind_of = xp.asarray(np.array([self._kinds.index(k) for k in kinds], "int32"))

    @property
    def writing_blocks(self) -> int:
        """How many blocks the kernel needs that writes the table."""
        return -(-len(self.table) // THREADS)

    def write(
        self, kernel: Callable[..., None], numbers: Numbers, divisor: float, limit: float | None
    ) -> None:
        """Let a kernel write the numbers of a step."""
        at_once = MOST_NUMBERS // len(self._names)
        behind = np.float64(limit or 0), np.float64(divisor)
        for first in range(0, len(self._kinds), at_once):
            some = [numbers[kind] for kind in self._kinds[first : first + at_once]]
            given = self._by_value([{**own, "scale": 1 / divisor} for own in some])
            which = np.int32(first), np.int32(len(some))
            kernel(self.table, *self.sizes, self._kind_of, given, *which, *behind)

    def _by_value(self, rows: Sequence[Mapping[str, float]]) -> NDArray[np.void]:
        """Return numbers as an argument that is copied when it is handed over.

        Memory of the host would have to last until the device has read it.
        """
        flat = [row[name] for row in rows for name in self._names]
        numbers = np.array(flat + [0.0] * (MOST_NUMBERS - len(flat)))
        return numbers.view([("of", numbers.dtype, MOST_NUMBERS)])


def chunks_of(regions: Sequence[Segment]) -> NDArray[np.int64]:
    """Cut regions into chunks, each a row of its begin, its end and its region's number."""
    total = sum(region.stop - region.start for region in regions)
    length = max(_LEAST, -(-total // (_MOST_CHUNKS * _SWEEP)) * _SWEEP)
    return np.array(cuts_of(regions, length), np.int64).reshape(-1, 3)

"""Updates on a GPU: one pass over the arenas, two where something is measured first."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.engines.cupy.kernels import THREADS, function, source
from netdef.engines.cupy.update import BEHIND_THE_TABLE, MOST_NUMBERS, Pass, trust_text
from netdef.engines.engine import Run, in_order
from netdef.solvers.method import MEASURED, Method, Numbers, kind_of
from netdef.weights import Segment

_LEAST = 4 * 1024
"""Numbers of a chunk; with fewer a block has too little to do."""
_MOST_CHUNKS = 4 * 1024
"""Enough to keep every processor of a large GPU busy, and few enough to be summed up at once."""
_SWEEP = 4 * THREADS
"""Numbers that a block takes at once."""
_EXACT = "--fmad=false"
"""Products and sums are rounded one by one, as on the CPU; memory is what takes the time."""


class DeviceUpdate:
    """A method on arenas in the memory of a GPU.

    What differs from step to step is told by ``write``, in the arguments of a kernel; norms,
    and what follows from them, stay on the device. So nothing waits, and ``launch`` may be
    captured as a graph and replayed. One kernel goes over all regions, each block by a table
    of chunks: a launch for each region would take longer than its work where regions are the
    many small blobs that LARS and LAMB measure.

    If ``narrow`` is given, an array of 16-bit numbers as long as ``w``, the new weights are
    stored there as well; if it ``clears``, ``grad`` is 0 afterwards. If ``halted`` is given, an
    array of one number, nothing is changed while it does not hold 0.
    """

    def __init__(
        self,
        xp: ModuleType,
        method: Method,
        arenas: Mapping[str, Any],
        regions: Sequence[Segment],
        narrow: Any = None,
        clears: bool = False,
        halted: Any = None,
    ) -> None:
        self._xp, self._arenas, self._narrow, self._halted = xp, arenas, narrow, halted
        self._names = (*method.numbers, "scale")
        chunks = chunks_of(regions)
        self._count, self._rows = len(chunks), len(regions)
        self._chunks = xp.asarray(chunks)
        firsts = np.searchsorted(chunks[:, 2], np.arange(self._rows + 1))
        self._firsts = xp.asarray(firsts.astype("int32"))
        self._parts = xp.zeros(2 * self._count, "float64")
        kinds = [kind_of(region) for region in regions]
        self._kinds = sorted(set(kinds))
        self._kind_of = xp.asarray(np.array([self._kinds.index(k) for k in kinds], np.int32))
        self._kinds_at_once = MOST_NUMBERS // len(self._names)
        self._sizes = np.int32(self._rows), np.int32(len(self._names))
        self._table = xp.zeros(self._rows * len(self._names) + BEHIND_THE_TABLE, "float64")
        of = partial(
            Pass,
            numbers=self._names,
            arenas=tuple(arenas),
            changed=method.changed,
            is_halted=halted is not None,
        )
        passes = [of("measure", method.measure, measured=MEASURED)] if method.measure_text else []
        passes.append(of("change", method.change, narrows=narrow is not None, clears=clears))
        texts = [made.text() for made in passes]
        texts += [trust_text(method.trust, self._names)] if method.trust_text else []
        stored = "float32" if narrow is None else narrow.dtype.name
        self.code = "".join([source("update", stored), *texts])
        """The text of the kernels."""
        self._write = self._kernel("write_numbers", -(-len(self._table) // THREADS))
        self._change = in_order(*(run for made in passes for run in self._runs(made)))
        self._clip = in_order(*self._clipping()) if "grad" in arenas else in_order()

    def run(self, numbers: Numbers, divisor: float = 1, limit: float | None = None) -> None:
        """Change the arenas once, with the numbers of each kind of region.

        ``grad`` is scaled down to the L2 norm ``limit`` if there is one, and divided.
        """
        self.write(numbers, divisor, limit)
        self.launch(is_clipped=limit is not None)

    def write(self, numbers: Numbers, divisor: float = 1, limit: float | None = None) -> None:
        """Tell the device what ``run`` is told."""
        rows = [{**numbers[kind], "scale": 1 / divisor} for kind in self._kinds]
        behind = np.float64(limit or 0), np.float64(divisor)
        for first in range(0, len(rows), self._kinds_at_once):
            some = rows[first : first + self._kinds_at_once]
            flat = [row[name] for row in some for name in self._names]
            # By value: memory of the host would have to last until the device has read it.
            given = np.array(flat + [0.0] * (MOST_NUMBERS - len(flat)))
            struct = given.view([("of", given.dtype, MOST_NUMBERS)])
            which = np.int32(first), np.int32(len(some))
            self._write(self._table, *self._sizes, self._kind_of, struct, *which, *behind)

    def launch(self, is_clipped: bool = False) -> None:
        """Change the arenas once, by what was written last."""
        if is_clipped:
            self._clip()
        self._change()

    def _kernel(self, name: str, blocks: int) -> Callable[..., None]:
        if not self._count:
            return lambda *_: None
        kernel = function(self._xp, self.code, name, _EXACT)
        return lambda *arguments: kernel((blocks,), (THREADS,), arguments)

    def _runs(self, made: Pass) -> list[Run]:
        """Return what runs a pass, and what makes of its sums the rates."""
        arguments = [self._chunks, self._table, *(self._arenas[name] for name in made.used)]
        arguments += [self._narrow] if made.narrows else []
        arguments += [self._halted] if made.is_halted else []
        if not made.measured:
            return [partial(self._kernel(made.name, self._count), *arguments)]
        return [
            partial(self._kernel(made.name, self._count), *arguments, self._parts),
            partial(self._kernel("trust", self._rows), self._parts, self._firsts, self._table),
        ]

    def _clipping(self) -> list[Run]:
        """Return what sets the scale of the gradients by their norm."""
        squares, clip = self._kernel("squares", self._count), self._kernel("clip", 1)
        return [
            partial(squares, self._chunks, self._arenas["grad"], self._parts),
            partial(clip, self._parts, np.int32(self._count), self._table, *self._sizes),
        ]


def chunks_of(regions: Sequence[Segment]) -> NDArray[np.int64]:
    """Cut regions into chunks, each a row of its begin, its end and its region's number."""
    total = sum(region.stop - region.start for region in regions)
    length = max(_LEAST, -(-total // (_MOST_CHUNKS * _SWEEP)) * _SWEEP)
    rows = [
        (start, min(start + length, region.stop), number)
        for number, region in enumerate(regions)
        for start in range(region.start, region.stop, length)
    ]
    return np.array(rows, np.int64).reshape(-1, 3)

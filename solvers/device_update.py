"""Updates on a GPU: one pass over the arenas, two where something is measured first."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef import capture
from netdef.capture import Passes, Step
from netdef.device import Device
from netdef.engines.cupy.kernels import THREADS, function, source
from netdef.engines.cupy.update import BEHIND_THE_TABLE, MOST_NUMBERS, Pass, trust_text
from netdef.engines.engine import Launches
from netdef.gpu_errors import gpu_errors_in_words
from netdef.program import Call
from netdef.solvers.method import MEASURED, Method, Numbers, kind_of
from netdef.solvers.stretches import cuts_of
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
    and what follows from them, stay on the device. So nothing waits, and what ``launch`` does
    is captured as a CUDA graph the second time that it runs.

    One kernel goes over all regions, each block by a table of chunks: a launch for each region
    would take longer than its work where regions are the many small blobs that LARS and LAMB
    measure.

    If ``narrow`` is given, an array of 16-bit numbers as long as ``w``, the new weights are
    stored there as well; if it ``clears``, ``grad`` is 0 afterwards. If ``halted`` is given, an
    array of one number, nothing is changed while it does not hold 0.
    """

    def __init__(
        self,
        device: Device,
        method: Method,
        arenas: Mapping[str, Any],
        regions: Sequence[Segment],
        narrow: Any = None,
        clears: bool = False,
        halted: Any = None,
    ) -> None:
        xp, self._device, self._arenas = device.xp, device, arenas
        self._narrow, self._halted = narrow, halted
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
        self._change = [step for made in passes for step in self._steps(made)]
        self._clip = self._clipping() if "grad" in arenas else []
        self._passes = Passes(device, _in_turn, _name) if capture.is_wanted() else None

    def run(self, numbers: Numbers, divisor: float = 1, limit: float | None = None) -> None:
        """Change the arenas once, with the numbers of each kind of region.

        ``grad`` is scaled down to the L2 norm ``limit`` if there is one, and divided.
        """
        if not self._count:
            return
        with gpu_errors_in_words(self._device, "the update of the weights"):
            self.write(numbers, divisor, limit)
            if self._passes is None:
                self.launch(is_clipped=limit is not None)
            else:
                steps = self._clip + self._change if limit is not None else self._change
                self._passes.run(("update", len(steps), None), lambda: steps)

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
        _in_turn(self._clip + self._change if is_clipped else self._change)

    def _kernel(self, name: str, blocks: int) -> Callable[..., None]:
        if not self._count:
            return lambda *_: None
        kernel = function(self._device.xp, self.code, name, _EXACT)
        return lambda *arguments: kernel((blocks,), (THREADS,), arguments)

    def _step(self, name: str, blocks: int, *arguments: Any) -> Step:
        """Return a launch of a kernel by its name."""
        return Call(name, 0, {}, {}, {}), Launches(partial(self._kernel(name, blocks), *arguments))

    def _steps(self, made: Pass) -> list[Step]:
        """Return what runs a pass, and what makes of its sums the rates."""
        arguments = [self._chunks, self._table, *(self._arenas[name] for name in made.used)]
        arguments += [self._narrow] if made.narrows else []
        arguments += [self._halted] if made.is_halted else []
        if not made.measured:
            return [self._step(made.name, self._count, *arguments)]
        return [
            self._step(made.name, self._count, *arguments, self._parts),
            self._step("trust", self._rows, self._parts, self._firsts, self._table),
        ]

    def _clipping(self) -> list[Step]:
        """Return what sets the scale of the gradients by their norm."""
        count = np.int32(self._count)
        return [
            self._step("squares", self._count, self._chunks, self._arenas["grad"], self._parts),
            self._step("clip", 1, self._parts, count, self._table, *self._sizes),
        ]


def _in_turn(steps: Sequence[Step]) -> None:
    for _, run in steps:
        run()


def _name(call: Call) -> str:
    return call.primitive


def chunks_of(regions: Sequence[Segment]) -> NDArray[np.int64]:
    """Cut regions into chunks, each a row of its begin, its end and its region's number."""
    total = sum(region.stop - region.start for region in regions)
    length = max(_LEAST, -(-total // (_MOST_CHUNKS * _SWEEP)) * _SWEEP)
    return np.array(cuts_of(regions, length), np.int64).reshape(-1, 3)

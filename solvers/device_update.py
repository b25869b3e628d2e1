"""Updates on a GPU: one pass over the arenas, two where something is measured first."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from netdef import capture
from netdef.capture import Passes, Step
from netdef.device import Device
from netdef.engines.cupy.kernels import THREADS, function, source
from netdef.engines.cupy.update import Pass, trust_text
from netdef.engines.engine import Launches
from netdef.gpu_errors import gpu_errors_in_words
from netdef.program import Call
from netdef.solvers.device_regions import DeviceRegions
from netdef.solvers.method import MEASURED, Method, Numbers
from netdef.weights import Segment

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
        self._device, self._arenas = device, arenas
        self._narrow, self._halted = narrow, halted
        numbers = (*method.numbers, "scale")
        self._regions = DeviceRegions(device.xp, numbers, regions)
        passes = self._passes_of(method, numbers, clears)
        texts = [made.text() for made in passes]
        texts += [trust_text(method.trust, numbers)] if method.trust_text else []
        stored = "float32" if narrow is None else narrow.dtype.name
        self.code = "".join([source("update", stored), *texts])
        """The text of the kernels."""
        self._write = self._kernel("write_numbers", self._regions.writing_blocks)
        self._change = [step for made in passes for step in self._steps(made)]
        self._clip = self._clipping() if "grad" in arenas else []
        self._graphs = Passes(device, _in_turn, _name) if capture.is_wanted() else None

    def _passes_of(self, method: Method, numbers: Sequence[str], clears: bool) -> list[Pass]:
        of = partial(
            Pass,
            numbers=numbers,
            arenas=tuple(self._arenas),
            changed=method.changed,
            is_halted=self._halted is not None,
        )
        change = of("change", method.change, narrows=self._narrow is not None, clears=clears)
        if not method.measure_text:
            return [change]
        return [of("measure", method.measure, measured=MEASURED), change]

    def run(self, numbers: Numbers, divisor: float = 1, limit: float | None = None) -> None:
        """Change the arenas once, with the numbers of each kind of region.

        ``grad`` is scaled down to the L2 norm ``limit`` if there is one, and divided.

        Raises:
            RunError: the GPU failed, now or before.
        """
        if not self._regions.count:
            return
        steps = self._all(is_clipped=limit is not None)
        with gpu_errors_in_words(self._device, "the update of the weights"):
            self.write(numbers, divisor, limit)
            if self._graphs is None:
                _in_turn(steps)
            else:
                self._graphs.run(("update", len(steps), None), lambda: steps)

    def write(self, numbers: Numbers, divisor: float = 1, limit: float | None = None) -> None:
        """Tell the device what ``run`` is told."""
        self._regions.write(self._write, numbers, divisor, limit)

    def launch(self, is_clipped: bool = False) -> None:
        """Change the arenas once, by what was written last."""
        _in_turn(self._all(is_clipped))

    def _all(self, is_clipped: bool) -> list[Step]:
        return self._clip + self._change if is_clipped else self._change

    def _kernel(self, name: str, blocks: int) -> Callable[..., None]:
        if not self._regions.count:
            return lambda *_: None
        kernel = function(self._device.xp, self.code, name, _EXACT)
        return lambda *arguments: kernel((blocks,), (THREADS,), arguments)

    def _step(self, name: str, blocks: int, *arguments: Any) -> Step:
        """Return a launch of a kernel by its name."""
        return Call(name, 0, {}, {}, {}), Launches(partial(self._kernel(name, blocks), *arguments))

    def _steps(self, made: Pass) -> list[Step]:
        """Return what runs a pass, and what makes of its sums the rates."""
        own = self._regions
        arguments = [own.chunks, own.table, *(self._arenas[name] for name in made.used)]
        arguments += [self._narrow] if made.narrows else []
        arguments += [self._halted] if made.is_halted else []
        if not made.measured:
            return [self._step(made.name, own.count, *arguments)]
        return [
            self._step(made.name, own.count, *arguments, own.parts),
            self._step("trust", own.rows, own.parts, own.firsts, own.table),
        ]

    def _clipping(self) -> list[Step]:
        """Return what sets the scale of the gradients by their norm."""
        own = self._regions
        return [
            self._step("squares", own.count, own.chunks, self._arenas["grad"], own.parts),
            self._step("clip", 1, own.parts, np.int32(own.count), own.table, *own.sizes),
        ]


def _in_turn(steps: Sequence[Step]) -> None:
    for _, run in steps:
        run()


def _name(call: Call) -> str:
    return call.primitive

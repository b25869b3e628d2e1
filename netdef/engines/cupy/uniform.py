"""Random numbers, the same as on the CPU."""

from typing import Any
from zlib import crc32

import numpy as np

from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import axes_of, plain_strides, strides_of, struct
from netdef.engines.engine import Run


class Uniform(Launching):
    """The primitive ``uniform``: made on the device by Philox, numbered in C order."""

    def uniform(self, out: Any, *, stream: str) -> Run:
        real, clock, key = self.one_type(out), self.clock, np.uint64(crc32(stream.encode()))
        axes = axes_of(out.shape, plain_strides(out.shape), strides_of(out))
        drawn = struct(axes.count, axes.packed(), axes.packed_strides()[1])
        each = 32 // real.itemsize
        blocks = self.blocks_for(-(-axes.count // each))

        def now() -> Run:
            moment = (np.uint64(clock.seed), key, np.uint64(clock.iteration))
            return self.launch("uniform", "uniform", real, blocks, out, drawn, *moment)

        def run() -> None:
            now()()

        now()  # compiles, before the first pass
        return run

"""Random numbers, the same as on the CPU."""

from typing import Any
from zlib import crc32

import numpy as np

from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import axes_of, plain_strides, strides_of, struct
from netdef.engines.engine import Run


class Uniform(Launching):
    """The primitive ``uniform``: made on the device by Philox, numbered in C order.

    The seed, the pass and the share lie in the device's memory, so that a captured call draws
    new numbers in every pass.
    """

    _moment: Any = None

    def begin_pass(self) -> None:
        if self._moment is not None:
            clock = self.clock
            now = (np.uint64(clock.seed), np.uint64(clock.iteration), np.uint64(clock.share))
            self.launch("uniform", "set_moment", "float32", 1, self._moment, *now)()

    def uniform(self, out: Any, *, stream: str) -> Run:
        real, key = self.one_type(out), np.uint64(crc32(stream.encode()))
        axes = axes_of(out.shape, plain_strides(out.shape), strides_of(out))
        drawn = struct(axes.count, axes.packed(), axes.packed_strides()[1])
        each = 32 // real.itemsize
        # A share may begin and end within what one thread makes.
        blocks = self.blocks_for(-(-axes.count // each) + 1)
        if self._moment is None and self.xp is not np:
            self._moment = self.xp.zeros(3, "uint64")
        return self.launch("uniform", "uniform", real, blocks, out, drawn, self._moment, key)

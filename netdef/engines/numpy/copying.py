"""Moving, filling and drawing numbers."""

from typing import Any
from zlib import crc32

import numpy as np

from netdef.engines.engine import Engine, Run


class Copying(Engine):
    """The primitives ``copy``, ``fill``, ``concat`` and ``uniform``."""

    def copy(self, x: Any, out: Any) -> Run:
        copyto = self.xp.copyto
        return lambda: copyto(out, x, casting="unsafe")

    def fill(self, out: Any, *, value: float) -> Run:
        return lambda: out.fill(value)

    def concat(self, parts: tuple[Any, ...], out: Any, *, axis: int) -> Run:
        copyto, lead = self.xp.copyto, (slice(None),) * (axis % out.ndim)
        ends = np.cumsum([p.shape[axis] for p in parts])
        pairs = [
            (out[(*lead, slice(end - p.shape[axis], end))], p)
            for end, p in zip(ends.tolist(), parts, strict=True)
        ]

        def run() -> None:
            for goal, part in pairs:
                copyto(goal, part)

        return run

    def uniform(self, out: Any, *, stream: str) -> Run:
        """Draw by Philox, whose numbers depend on seed, stream and pass alone.

        They are made in the order of C-contiguous ``(N, C, ...)``, on the host, so that
        every device and every layout gets the same.
        """
        clock, key = self.clock, crc32(stream.encode())
        is_direct = self.xp is np and out.flags.c_contiguous
        room = out if is_direct else np.empty(out.shape, out.dtype)

        def run() -> None:
            bits = np.random.Philox(counter=[0, 0, clock.iteration, 0], key=[clock.seed, key])
            np.random.Generator(bits).random(out=room, dtype=room.dtype)
            if not is_direct:
                out[...] = self.xp.asarray(room)

        return run

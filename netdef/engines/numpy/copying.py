"""Moving, filling and drawing numbers."""

from functools import partial
from typing import Any
from zlib import crc32

import numpy as np

from netdef.engines.engine import Engine, Run, in_order
from netdef.engines.threads import parts

_BLOCK_BYTES = 32
"""What Philox makes for each count of its counter."""
_STEP = 8
"""Numbers that make whole blocks, in float32 and float64."""
_SHARED = 1 << 15
"""Numbers above which threads share the drawing."""


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
        every device and every layout gets the same. Threads draw parts of them: the counter
        tells where in the stream a part begins, and where the batch does of which this is a
        share.
        """
        is_direct = self.xp is np and out.flags.c_contiguous
        room = out if is_direct else np.empty(out.shape, out.dtype)
        flat, count = room.reshape(-1), self.threads.count if room.size > _SHARED else 1
        draw = self.threads.together(
            [self._draw(flat, part, stream) for part in parts(-(-flat.size // _STEP), count)]
        )
        if is_direct:
            return draw
        pieces = parts(len(out), count) if out.ndim else [slice(None)]
        hand_over = [partial(self._hand_over, room[p], out[p]) for p in pieces]
        return in_order(draw, self.threads.together(hand_over))

    def _draw(self, flat: Any, steps: slice, stream: str) -> Run:
        """Draw the numbers of some steps of the stream."""
        clock, key = self.clock, crc32(stream.encode())
        part = flat[steps.start * _STEP : steps.stop * _STEP]
        each = _BLOCK_BYTES // flat.itemsize

        def run() -> None:
            first = clock.share * flat.size + steps.start * _STEP
            counter = [first // each, 0, clock.iteration, 0]
            drawn = np.random.Generator(np.random.Philox(counter=counter, key=[clock.seed, key]))
            drawn.random(first % each, part.dtype)  # of the same count, and another's
            drawn.random(out=part, dtype=part.dtype)

        return run

    def _hand_over(self, room: Any, out: Any) -> None:
        out[...] = self.xp.asarray(room)

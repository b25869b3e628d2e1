"""The rectified linear unit with a slope for each channel."""

from functools import partial
from typing import Any

import numpy as np

from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.prelu import beside
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import (
    DIFF_DST,
    DIFF_SRC,
    DIFF_WEIGHTS,
    DST,
    SRC,
    TRAINING,
    WEIGHTS,
    Kernel,
)


class PRelu(Calls):
    """The primitives ``prelu`` and ``prelu_back``; both gradients are made in one pass.

    A slope for all channels is given to each of them: oneDNN is slow with one number.
    """

    def prelu(self, x: Any, slope: Any, out: Any) -> Run:
        slopes, spread = self._slopes(x, slope)
        kernel = self._prelu(x, slopes, out)
        return in_order(spread, self.bare(kernel, self.lying({SRC: x, WEIGHTS: slopes, DST: out})))

    def prelu_back(self, x: Any, dy: Any, slope: Any, out: Any, add_slope: Any) -> Run:
        describe, (slopes, spread) = self.describe, self._slopes(x, slope)
        sums = self.scratch.take(slopes.shape, slopes.dtype)
        goal = self.scratch.take_like(x) if out is None else out
        kernel = self.kernel(
            "prelu_backward",
            *(self.library.engine, *map(describe.like, (x, slopes, goal, sums, dy))),
            *(self._prelu(x, slopes, dy).handle, describe.attributes()),
        )
        given = {SRC: x, WEIGHTS: slopes, DIFF_DST: dy, DIFF_SRC: goal, DIFF_WEIGHTS: sums}
        run = in_order(spread, self.bare(kernel, self.lying(given)))
        return run if add_slope is None else in_order(run, lambda: _add(sums, add_slope))

    def _slopes(self, x: Any, slope: Any) -> tuple[Any, Run | None]:
        """Return a slope for each channel, ``(1, C, ...)``, and what fills it if need be."""
        if slope.ndim:
            return beside(slope, x), None
        room = beside(self.scratch.take((x.shape[1],), slope.dtype), x)
        return room, partial(np.copyto, room, slope)

    def _prelu(self, x: Any, slopes: Any, y: Any) -> Kernel:
        self.refuse_small(x)
        describe = self.describe
        return self.kernel(
            "prelu_forward",
            *(self.library.engine, TRAINING, *map(describe.like, (x, slopes, y))),
            describe.attributes(),
        )


def _add(sums: Any, target: Any) -> None:
    """Add what is summed by channel to the gradient of the slopes, or of the one for all."""
    total = sums.reshape(target.shape) if target.ndim else sums.sum()
    np.add(target, total, out=target)

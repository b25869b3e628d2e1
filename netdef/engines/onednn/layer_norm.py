"""Rows brought to mean 0 and variance 1, with a scale and a bias for each column."""

from functools import partial
from typing import Any

import numpy as np

from netdef.engines.engine import Run, in_order
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import (
    BACKWARD,
    BACKWARD_DATA,
    DIFF_DST,
    DIFF_SCALE,
    DIFF_SHIFT,
    DIFF_SRC,
    DST,
    MEAN,
    SCALE,
    SCALES,
    SHIFT,
    SHIFTS,
    SRC,
    TRAINING,
    VARIANCE,
    Kernel,
)


class LayerNorm(Calls):
    """The primitives ``layer_norm`` and ``layer_norm_back``; all gradients are made in one go."""

    def layer_norm(
        self, x: Any, scale: Any, bias: Any, out: Any, mean: Any, variance: Any, *, eps: float
    ) -> Run:
        kernel = self._layer_norm(x, out, mean, eps, _flags(scale, bias))
        arrays = {SRC: x, DST: out, MEAN: mean, VARIANCE: variance, SCALE: scale, SHIFT: bias}
        return self.bare(kernel, self.lying(arrays))

    def layer_norm_back(
        self,
        x: Any,
        dy: Any,
        mean: Any,
        variance: Any,
        scale: Any,
        out: Any,
        add_scale: Any,
        add_bias: Any,
        *,
        eps: float,
    ) -> Run:
        describe, goal = self.describe, self.scratch.take_like(x) if out is None else out
        flags = _flags(scale, add_bias)
        kernel = self.kernel(
            "layer_normalization_backward",
            *(self.library.engine, BACKWARD if flags else BACKWARD_DATA),
            *map(describe.like, (goal, dy, x, mean)),
            *(eps, flags, self._layer_norm(x, dy, mean, eps, flags).handle, describe.attributes()),
        )
        arrays = {SRC: x, DIFF_DST: dy, DIFF_SRC: goal, MEAN: mean, VARIANCE: variance}
        after = []
        for small, kind, sums in ((scale, DIFF_SCALE, add_scale), (add_bias, DIFF_SHIFT, add_bias)):
            if small is not None:
                arrays[kind] = self.scratch.take(small.shape, small.dtype)
            if sums is not None:
                after.append(partial(np.add, sums, arrays[kind], out=sums))
        # oneDNN asks for the bias too, and does not read it.
        arrays |= {SCALE: scale, SHIFT: arrays.get(DIFF_SHIFT)}
        return in_order(self.bare(kernel, self.lying(arrays)), *after)

    def _layer_norm(self, x: Any, y: Any, mean: Any, eps: float, flags: int) -> Kernel:
        self.refuse_small(x)
        describe = self.describe
        return self.kernel(
            "layer_normalization_forward",
            *(self.library.engine, TRAINING, *map(describe.like, (x, y, mean))),
            *(eps, flags, describe.attributes()),
        )


def _flags(scale: Any, bias: Any) -> int:
    return SCALES * (scale is not None) | SHIFTS * (bias is not None)

"""Batch normalization with its scale, bias and ReLU."""

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
    WORKSPACE,
    Kernel,
)
from netdef.engines.scratch import axes_in_memory

_CLIPS = 8


class Normalization(Calls):
    """The primitives ``batch_norm`` and ``batch_norm_back``."""

    def batch_norm(
        self,
        x: Any,
        scale: Any,
        bias: Any,
        out: Any,
        mean: Any,
        variance: Any,
        mask: Any,
        *,
        eps: float,
        relu: bool,
    ) -> Run:
        kernel = self._normalization(x, out, scale, eps, relu)
        vectors = {MEAN: mean, VARIANCE: variance}
        if scale is not None:
            vectors |= {SCALE: scale, SHIFT: bias}
        return self.ready(
            kernel, {SRC: x}, {DST: out} | self._clipped(kernel, mask), vectors=vectors
        )

    def _normalization(self, x: Any, y: Any, scale: Any, eps: float, relu: bool) -> Kernel:
        describe, (x, y) = self.describe, self.alike(x, y)
        flags = (SCALES | SHIFTS) * (scale is not None) | _CLIPS * relu
        return self.kernel(
            "batch_normalization_forward",
            *(self.library.engine, TRAINING, describe.like(x), describe.like(y)),
            *(eps, flags, describe.attributes()),
        )

    def _clipped(self, kernel: Kernel, mask: Any) -> dict[int, Any]:
        """Return the memory in which oneDNN remembers what was clipped, if it wants any.

        It is the first part of the mask's, or scratch memory if nobody asks later.
        """
        size = kernel.bytes_of(WORKSPACE)
        if not size:
            return {}
        if mask is None:
            return {WORKSPACE: self.scratch.take((size,), "uint8")}
        flat = mask.transpose(axes_in_memory(mask)).reshape(-1)
        assert size <= flat.size
        return {WORKSPACE: flat[:size]}

    def batch_norm_back(
        self,
        x: Any,
        dy: Any,
        mean: Any,
        variance: Any,
        scale: Any,
        mask: Any,
        out: Any,
        add_scale: Any,
        add_bias: Any,
        *,
        eps: float,
        relu: bool,
    ) -> Run:
        describe = self.describe
        image, errors, _ = self.alike(x, dy, out)
        hint = self._normalization(image, errors, scale, eps, relu)
        flags = (SCALES | SHIFTS) * (scale is not None) | _CLIPS * relu
        kernel = self.kernel(
            "batch_normalization_backward",
            *(self.library.engine, BACKWARD if scale is not None else BACKWARD_DATA),
            *map(describe.like, self.alike(out, dy, x)),
            *(eps, flags, hint.handle, describe.attributes()),
        )
        vectors, after = {MEAN: mean, VARIANCE: variance}, []
        if scale is not None:
            vectors[SCALE] = scale
            for kind, goal in ((DIFF_SCALE, add_scale), (DIFF_SHIFT, add_bias)):
                vectors[kind] = self.scratch.take(goal.shape, goal.dtype)
                after.append(partial(np.add, goal, vectors[kind], out=goal))
        reads = {SRC: x, DIFF_DST: dy} | self._clipped(kernel, mask)
        return in_order(self.ready(kernel, reads, {DIFF_SRC: out}, vectors=vectors), *after)

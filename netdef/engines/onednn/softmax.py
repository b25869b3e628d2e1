"""Softmax and its gradient."""

from typing import Any

from netdef.engines.engine import Run
from netdef.engines.numpy.softmax import SoftmaxLoss
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import DIFF_DST, DIFF_SRC, DST, SRC, TRAINING, Kernel

_ACCURATE = 0x30000


class Softmax(Calls, SoftmaxLoss):
    """The primitives ``softmax``, ``softmax_grad`` and, over the first, ``softmax_loss``."""

    def softmax(self, x: Any, out: Any, *, axis: int) -> Run:
        return self.ready(self._softmax(x, out, axis), {SRC: x}, {DST: out})

    def softmax_grad(self, y: Any, dy: Any, out: Any, *, axis: int) -> Run:
        describe = self.describe
        hint = self._softmax(out, y, axis)
        kernel = self.kernel(
            "softmax_backward",
            *(self.library.engine, _ACCURATE, *map(describe.like, (out, dy, y))),
            *(axis % y.ndim, hint.handle, describe.attributes()),
        )
        return self.ready(kernel, {DST: y, DIFF_DST: dy}, {DIFF_SRC: out})

    def _softmax(self, x: Any, y: Any, axis: int) -> Kernel:
        self.refuse_small(x)
        describe = self.describe
        return self.kernel(
            "softmax_forward",
            *(self.library.engine, TRAINING, _ACCURATE, describe.like(x), describe.like(y)),
            *(axis % x.ndim, describe.attributes()),
        )

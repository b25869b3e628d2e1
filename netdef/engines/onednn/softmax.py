"""Softmax and its gradient."""

from typing import Any

from netdef.engines.engine import Refused, Run
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import DIFF_DST, DIFF_SRC, DST, SRC, TRAINING, Kernel

_ACCURATE = 0x30000
_SMALLEST = 1 << 15
"""Elements below which waking the threads costs more than they bring."""


class Softmax(Calls):
    """The primitives ``softmax`` and ``softmax_grad``."""

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
        if x.size < _SMALLEST:
            raise Refused("is no faster with so small arrays")
        describe = self.describe
        return self.kernel(
            "softmax_forward",
            *(self.library.engine, TRAINING, _ACCURATE, describe.like(x), describe.like(y)),
            *(axis % x.ndim, describe.attributes()),
        )

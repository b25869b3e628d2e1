"""Local response normalization across channels."""

from typing import Any

from netdef.engines.engine import Refused, Run
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import (
    DIFF_DST,
    DIFF_SRC,
    DST,
    INFERENCE,
    SRC,
    TRAINING,
    WORKSPACE,
    Kernel,
)

_ACROSS_CHANNELS = 0xAFF
_FAST = "lrn_jit"
"""What the implementations are called whose workspace is known: one pixel after the other."""


class LocalResponse(Calls):
    """The primitives ``lrn`` and ``lrn_grad`` where the channels of a pixel lie side by side.

    The workspace holds for each pixel the powers of its channels' scales, then the quotients
    of its results and scales: what the primitive calls scales, as images lie.
    """

    def lrn(self, x: Any, out: Any, scales: Any, **options: Any) -> Run:
        kernel = self._lrn(x, out, INFERENCE if scales is None else TRAINING, **options)
        given = self.lying({SRC: x, DST: out})
        if scales is not None:
            _check_order(scales)
            given |= self._workspace(kernel, scales)
        return self.bare(kernel, given)

    def lrn_grad(self, x: Any, dy: Any, scales: Any, out: Any, **options: Any) -> Run:
        describe = self.describe
        hint = self._lrn(x, dy, TRAINING, **options)
        _check_order(out, scales)
        kernel = self.kernel(
            "lrn_backward",
            *(self.library.engine, _ACROSS_CHANNELS),
            *map(describe.like, (out, dy, x)),
            *(*_numbers(**options), hint.handle, describe.attributes()),
        )
        given = self.lying({SRC: x, DIFF_DST: dy, DIFF_SRC: out})
        return self.bare(kernel, given | self._workspace(hint, scales))

    def _lrn(self, x: Any, y: Any, purpose: int, **options: Any) -> Kernel:
        describe = self.describe
        _check_order(x, y)
        kernel = self.kernel(
            "lrn_forward",
            *(self.library.engine, purpose, _ACROSS_CHANNELS),
            *(describe.like(x), describe.like(y), *_numbers(**options), describe.attributes()),
        )
        if not kernel.implementation.startswith(_FAST):
            raise Refused(f"has only a slow lrn_forward for these arrays ({kernel.implementation})")
        return kernel

    def _workspace(self, kernel: Kernel, scales: Any) -> dict[int, tuple[int, Any]]:
        assert kernel.bytes_of(WORKSPACE) == scales.nbytes
        return {WORKSPACE: (kernel.wants(WORKSPACE), scales)}


def _check_order(*images: Any) -> None:
    """Refuse what the implementations do not check: images in two orders.

    Raises:
        Refused: channels do not lie innermost.
    """
    if not all(x.transpose(0, *range(2, x.ndim), 1).flags.c_contiguous for x in images):
        raise Refused("normalizes only images whose channels lie innermost")


def _numbers(size: int, alpha: float, beta: float, k: float) -> tuple[Any, ...]:
    return size, alpha, beta, k

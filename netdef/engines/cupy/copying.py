"""Copies to and from numbers of 16 bits, by the kernel of an expression."""

from typing import Any

import numpy as np

from netdef.engines.cupy.elementwise import Elementwise
from netdef.engines.cupy.kernels import NARROW
from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.copying import Copying as Plain


class Copying(Elementwise, Plain):
    """The primitives ``copy`` and ``concat``; all else that moves numbers is CuPy's own."""

    def copy(self, x: Any, out: Any) -> Run:
        return self._converted(x, out) if _is_any_narrow(x, out) else super().copy(x, out)

    def concat(self, parts: tuple[Any, ...], out: Any, *, axis: int) -> Run:
        if not _is_any_narrow(*parts, out):
            return super().concat(parts, out, axis=axis)
        lead, ends = (slice(None),) * (axis % out.ndim), np.cumsum([p.shape[axis] for p in parts])
        goals = (
            out[(*lead, slice(end - part.shape[axis], end))]
            for end, part in zip(ends.tolist(), parts, strict=True)
        )
        return in_order(*map(self._converted, parts, goals))

    def _converted(self, x: Any, out: Any) -> Run:
        return self.map(out=out, x=x, expression="x", numbers={})


def _is_any_narrow(*arrays: Any) -> bool:
    return any(array.dtype.name in NARROW for array in arrays)

"""Copies of floats, by the kernel of an expression."""

from typing import Any

import numpy as np

from netdef.engines.cupy.elementwise import Elementwise
from netdef.engines.cupy.kernels import NARROW
from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.copying import Copying as Plain

_FLOATS = ("float32", "float64", *NARROW)


class Copying(Elementwise, Plain):
    """The primitives ``copy``, ``concat`` and ``fill``; numbers that are no floats move by CuPy.

    CuPy's own copies are as fast. But what is a kernel can be captured, whatever CuPy refuses.
    """

    def copy(self, x: Any, out: Any) -> Run:
        return self._converted(x, out) if _is_float(out) else super().copy(x, out)

    def fill(self, out: Any, *, value: float) -> Run:
        if not _is_float(out):
            return super().fill(out, value=value)
        return self.map(out=out, expression="value", numbers={"value": float(value)})

    def concat(self, parts: tuple[Any, ...], out: Any, *, axis: int) -> Run:
        if not _is_float(out):
            return super().concat(parts, out, axis=axis)
        lead, ends = (slice(None),) * (axis % out.ndim), np.cumsum([p.shape[axis] for p in parts])
        goals = (
            out[(*lead, slice(end - part.shape[axis], end))]
            for end, part in zip(ends.tolist(), parts, strict=True)
        )
        return in_order(*map(self._converted, parts, goals))

    def _converted(self, x: Any, out: Any) -> Run:
        return self.map(out=out, x=x, expression="x", numbers={})


def _is_float(array: Any) -> bool:
    return array.dtype.name in _FLOATS

"""Copies between arrays that lie in different orders."""

from typing import Any

from netdef.engines.engine import Refused, Run
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import DST, SRC


class Copying(Calls):
    """The primitive ``copy`` where it transposes; else NumPy's is as fast."""

    def copy(self, x: Any, out: Any) -> Run:
        if not {x.dtype.name, out.dtype.name} <= {"float32", "bfloat16"}:
            raise Refused("copies float32 and bfloat16 only")
        self.refuse_small(x)
        if _order(x) == _order(out):
            raise Refused("is no faster with arrays that lie in the same order")
        source, goal, engine = self.describe.like(x), self.describe.like(out), self.library.engine
        attributes = self.describe.attributes()
        kernel = self.kernel("reorder", source, engine, goal, engine, attributes)
        return self.bare(kernel, {SRC: (source, x), DST: (goal, out)})


def _order(x: Any) -> list[int]:
    """Return the axes that are longer than 1, outermost first."""
    return sorted((i for i, n in enumerate(x.shape) if n > 1), key=lambda i: -x.strides[i])

"""Calls on numbers of 16 bits, which NumPy itself does not compute with.

Such arrays are widened to float32 in scratch memory, and results rounded when they are done.
Elementwise calls do it block by block; see ``elementwise``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from netdef.engines.engine import Run, in_order
from netdef.engines.scratch import Scratch

Arrays = Mapping[str, Any]
_COPIES = ("copy", "concat")


class _Engine(Protocol):
    scratch: Scratch

    def copy(self, x: Any, out: Any) -> Run: ...

    def prepare_wide(self, primitive: str, arrays: Arrays, options: Mapping[str, Any]) -> Run: ...


def is_narrow(array: Any) -> bool:
    """True for an array of bfloat16 or float16."""
    return array is not None and array.dtype.name in ("bfloat16", "float16")


def operands(arrays: Arrays) -> Iterator[Any]:
    """Yield every array that is given, tuples' one by one."""
    for operand in arrays.values():
        for each in operand if isinstance(operand, tuple) else (operand,):
            if each is not None:
                yield each


def widened(engine: _Engine, primitive: str, arrays: Arrays, options: Mapping[str, Any]) -> Run:
    """Prepare a call on wide copies of narrow arrays; copies of narrow ones need none."""
    if primitive in _COPIES and all(map(is_narrow, operands(arrays))):
        return engine.prepare_wide(primitive, arrays, options)
    before: list[Run] = []
    after: list[Run] = []

    def wide(array: Any, is_written: bool) -> Any:
        if isinstance(array, tuple):
            return tuple(wide(a, is_written) for a in array)
        if not is_narrow(array):
            return array
        room = engine.scratch.take_like(array, np.float32)
        before.append(engine.copy(array, room))
        if is_written:
            after.append(engine.copy(room, array))
        return room

    every = {
        role: wide(a, role in _WRITTEN or role.startswith("add_")) for role, a in arrays.items()
    }
    return in_order(*before, engine.prepare_wide(primitive, every, options), *after)


_WRITTEN = {"out", "index", "value", "mean", "variance", "mask", "probability", "normalizer"}
_WRITTEN |= {"per_class", "scales"}
"""Roles of what calls write."""

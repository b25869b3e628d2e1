"""What a plan has to do: floating-point operations, and bytes that are read and written."""

from dataclasses import dataclass

import numpy as np

from netdef.counting import multiply_adds
from netdef.plan import Plan
from netdef.program import Call


@dataclass(frozen=True)
class Work:
    """Operations and bytes of one call, or of several."""

    flops: int
    bytes: int

    def __add__(self, other: "Work") -> "Work":
        return Work(self.flops + other.flops, self.bytes + other.bytes)

    def ms_at_best(self, gflops: float, gbytes: float) -> float:
        """Return the milliseconds at so many GFLOP/s, or at so many GB/s if that is longer."""
        return max(self.flops / gflops, self.bytes / gbytes) / 1e6


def work_of(call: Call) -> Work:
    """Return the work of a call."""
    return Work(2 * multiply_adds(call), bytes_moved(call))


def bytes_moved(call: Call) -> int:
    """Return the bytes that a call reads and writes; what it adds to counts as both."""
    total = 0
    for role, operand in (*call.reads.items(), *call.writes.items()):
        for each in operand if isinstance(operand, tuple) else (operand,):
            if each is not None:
                size = each.size * np.dtype(each.dtype).itemsize
                total += 2 * size if role.startswith("add_") else size
    return total


def flops(plan: Plan, way: str) -> dict[int, int]:
    """Return the floating-point operations of each layer, by its place in the graph.

    A multiply-add is two; other calls than convolutions and products count as none.
    """
    found: dict[int, int] = {}
    for call in plan.forward if way == "forward" else plan.backward:
        found[call.node] = found.get(call.node, 0) + 2 * multiply_adds(call)
    return found

"""The multiply-adds of calls: of convolutions and matrix products, where the time goes."""

from collections import Counter
from collections.abc import Iterable

from netdef.engines import work
from netdef.program import Call


def multiply_adds(call: Call) -> int:
    """Return the products that a call sums up; 0 for calls that are neither conv nor gemm."""
    return work.multiply_adds(call.primitive, {**call.reads, **call.writes}, call.options)


def multiply_adds_by_node(calls: Iterable[Call]) -> Counter[int]:
    """Return the sum over the calls of each layer, by its place in the graph."""
    counts: Counter[int] = Counter()
    for call in calls:
        counts[call.node] += multiply_adds(call)
    return counts

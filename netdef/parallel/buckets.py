"""Which parts of the gradients are whole while backward still runs below."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from netdef.plan import Plan
from netdef.weights import Weights

Part = tuple[int, int]
"""The first element of a part of the gradients' arena, and the one behind its last."""

_MOST = 8
"""Buckets, but for the last: for each, every GPU keeps a graph of its own."""


@dataclass(frozen=True)
class Bucket:
    """Parts of the arena that are whole when backward has passed layer ``node``."""

    node: int
    parts: tuple[Part, ...]


def buckets_of(plan: Plan, weights: Weights, least_bytes: int) -> tuple[Bucket, ...]:
    """Cut the gradients into buckets of some bytes, in the order in which backward finishes them.

    Every learned weight is in one of them; the layer of the last one is the net's first.
    """
    least_bytes = max(least_bytes, 4 * weights.learned // _MOST)
    places = _places(weights)
    left, waiting = dict(places), list[Part]()
    found = []
    for node, finished in _steps(plan):
        waiting += [left.pop(key) for key in finished if key in left]
        if left and node is not None and 4 * sum(b - a for a, b in waiting) >= least_bytes:
            found.append(Bucket(node, tuple(_joined(waiting))))
            waiting = []
    return (*found, Bucket(0, tuple(_joined([*waiting, *left.values()]))))


def _places(weights: Weights) -> dict[str, Part]:
    """Return where each learned blob lies, what fills it up to the next one included."""
    starts = sorted((start, key) for key, start in weights.starts.items())
    ends = [start for start, _ in starts[1:]] + [len(weights.data)]
    return {
        key: (start, min(end, weights.learned))
        for (start, key), end in zip(starts, ends, strict=True)
        if start < weights.learned
    }


def _steps(plan: Plan) -> Iterator[tuple[int | None, list[str]]]:
    """Yield the gradients that each call of backward is the last to write.

    And the layer behind which backward can be parted then; None if calls of that layer, or of
    one above it, follow, or if none does.
    """
    calls = plan.backward
    last = {v.name: i for i, c in enumerate(calls) for v in c.written_values() if v.kind == "grad"}
    above = list(accumulate((c.node for c in calls), min))
    below = list(accumulate((c.node for c in reversed(calls)), max))[::-1]
    for i, call in enumerate(calls):
        names = {v.name for v in call.written_values() if v.kind == "grad"}
        can_part = i + 1 < len(calls) and above[i] > below[i + 1]
        yield above[i] if can_part else None, sorted(n for n in names if last[n] == i)


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield parts in their order, neighbours as one."""
    start = end = -1
    for a, b in sorted(parts):
        if a != end:
            if end > start:
                yield start, end
            start = a
        end = b
    if end > start:
        yield start, end

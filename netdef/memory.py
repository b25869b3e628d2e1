"""A pass of ``compile``: buffers shared by values that are never alive together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netdef.program import Call
from netdef.values import Value

ALIGNMENT = 64
_IN_PLACE = {"map", "copy", "softmax_grad", "batch_norm_grad"}


@dataclass(frozen=True)
class Life:
    """The first and last call that touch a buffer, by their place in the list."""

    first: float
    last: float

    def meets(self, other: "Life") -> bool:
        """True if both are alive at some time."""
        return self.first <= other.last and other.first <= self.last


def lives(calls: Sequence[Call], kept: frozenset[Value]) -> dict[Value, Life]:
    """Return when each value is alive; kept ones always."""
    found: dict[Value, Life] = {v: Life(float("-inf"), float("inf")) for v in kept}
    for at, call in enumerate(calls):
        for value in (*call.read_values(), *call.written_values()):
            if value.kind in ("weight", "grad") or value in kept:
                continue
            old = found.get(value)
            found[value] = Life(old.first if old else at, at)
    return found


def share_in_place(
    calls: Sequence[Call],
    alive: dict[Value, Life],
    orders: Mapping[Value, object],
    kept: frozenset[Value],
) -> dict[Value, Value]:
    """Let an elementwise call write over a value that it reads last; returns who lives in whom.

    ``alive`` is changed: the host's life becomes the lives of both.
    """
    hosts: dict[Value, Value] = {}

    def root(value: Value) -> Value:
        while value in hosts:
            value = hosts[value]
        return value

    first_touch: dict[Value, int] = {}
    for at, call in enumerate(calls):
        out = call.writes.get("out")
        for value in (*call.read_values(), *call.written_values()):
            first_touch.setdefault(value, at)
        if call.primitive not in _IN_PLACE or not isinstance(out, Value) or out not in alive:
            continue
        if first_touch[out] != at:
            continue
        for read in call.reads.values():
            if not isinstance(read, Value) or root(read) not in alive:
                continue
            host = root(read)
            is_alike = (read.shape, read.dtype) == (out.shape, out.dtype)
            is_alike = is_alike and orders.get(out) == orders.get(host)
            is_read_once = list(call.read_values()).count(read) == 1
            if is_alike and is_read_once and host not in kept and alive[host].last == at:
                hosts[out] = host
                mine = alive.pop(out)
                alive[host] = Life(min(alive[host].first, mine.first), mine.last)
                break
    return {value: root(value) for value in hosts}


def place(alive: Mapping[Value, Life]) -> tuple[dict[Value, int], int]:
    """Give every value an offset so that those alive together do not overlap.

    Largest first, each at the lowest offset that is free for its whole life. Returns the
    offsets and the bytes of the whole.
    """
    placed: list[tuple[int, int, Life]] = []
    offsets: dict[Value, int] = {}
    for value in sorted(alive, key=lambda v: (-v.bytes, alive[v].first, v.name)):
        size, life = _aligned(value.bytes), alive[value]
        offset = 0
        for start, end, _ in sorted((p for p in placed if p[2].meets(life)), key=_start):
            if offset + size <= start:
                break
            offset = max(offset, end)
        placed.append((offset, offset + size, life))
        offsets[value] = offset
    return offsets, max((end for _, end, _ in placed), default=0)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _start(block: tuple[int, int, Life]) -> int:
    return block[0]

"""A pass of ``compile``: what depends on weights alone, at inference, is not computed each time."""

from collections import Counter
from collections.abc import Sequence

from netdef.ops import HOST_CALLS
from netdef.program import Call
from netdef.values import Value


def settle(forward: Sequence[Call], keep: str) -> tuple[tuple[Call, ...], int]:
    """Put the calls first that depend on weights alone; return their number too."""
    if keep != "outputs":
        return tuple(forward), 0
    made: set[Value] = set()
    first: list[Call] = []
    rest: list[Call] = []
    writers = Counter(v for call in forward for v in call.written_values())
    for call in forward:
        is_settled = call.primitive not in (*HOST_CALLS, "uniform") and all(
            v.kind == "weight" or v in made for v in call.read_values()
        )
        written = set(call.written_values())
        if is_settled and all(writers[v] == 1 and v.kind != "weight" for v in written):
            made |= written
            first.append(call)
        else:
            rest.append(call)
    return (*first, *rest), len(first)

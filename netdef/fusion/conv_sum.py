"""At inference: a sum with what a convolution makes, added by the convolution itself."""

from dataclasses import replace
from typing import Any

from netdef.fusion.draft import Draft
from netdef.values import Value

_SUM = "x0 + x1"


def fuse(draft: Draft) -> None:
    """Let ``conv`` add the other operand of a sum of two that alone reads its result."""
    if draft.backward:
        return
    for at, call in draft.calls("map"):
        if call.options["expression"] != _SUM:
            continue
        for mine, other in (("x0", "x1"), ("x1", "x0")):
            place = _convolution(draft, call.reads[mine], at)
            if place is not None and isinstance(call.reads[other], Value):
                made = draft.at(place)
                reads = made.reads | {"plus": call.reads[other]}
                draft.put(place, None)
                draft.put(at, replace(made, reads=reads, writes=dict(call.writes)))
                break


def _convolution(draft: Draft, term: Any, reader: int) -> int | None:
    """Return the place of a bare convolution that makes a term for one reader alone."""
    place = draft.only_writer(term) if isinstance(term, Value) else None
    if place is None or draft.only_reader(term) != reader or not draft.may_join(place, reader):
        return None
    made = draft.at(place)
    is_bare = made.primitive == "conv" and not made.options.get("relu") and "plus" not in made.reads
    return place if is_bare else None

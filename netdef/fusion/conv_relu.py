"""A convolution and the ReLU on it: one call, whose result is never there unclipped."""

from dataclasses import replace
from typing import Any

from netdef.fusion.draft import Draft
from netdef.program import Call
from netdef.values import Value

RELU = "maximum(x, 0)"


_CLIP = "maximum(low, minimum(x, high))"


_SIX = "minimum(maximum(x, 0), 6)"
_LEAKY = "maximum(x, 0) + slope * minimum(x, 0)"


def _clips(call: Call) -> dict[str, Any]:
    """Return what a convolution is told to do as the call does.

    It clips at 0, and at ``most``; or multiplies what is below 0 by ``slope``.
    """
    expression, numbers = call.options.get("expression"), call.options.get("numbers", {})
    if expression == RELU:
        return {"relu": True}
    if expression == _LEAKY and "slope" in numbers:  # PReLU's is an array
        return {"relu": True, "slope": numbers["slope"]}
    if expression == _SIX:
        return {"relu": True, "most": 6.0}
    if expression == _CLIP and numbers["low"] == 0:
        return {"relu": True, "most": numbers["high"]}
    return {}


def fuse(draft: Draft) -> None:
    """Let ``conv`` clip its result at 0 where a ReLU is all that reads it."""
    for at, call in draft.calls("conv"):
        made = call.writes["out"]
        reader = draft.only_reader(made) if isinstance(made, Value) else None
        if reader is None or not draft.may_join(at, reader):
            continue
        relu = draft.at(reader)
        clips = _clips(relu)
        if clips and isinstance(relu.writes.get("out"), Value):
            options = call.options | clips
            draft.put(reader, None)
            draft.put(at, replace(call, writes=dict(relu.writes), options=options))

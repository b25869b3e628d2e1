"""A convolution and the ReLU on it: one call, whose result is never there unclipped."""

from dataclasses import replace

from netdef.fusion.draft import Draft
from netdef.values import Value

RELU = "maximum(x, 0)"


def fuse(draft: Draft) -> None:
    """Let ``conv`` clip its result at 0 where a ReLU is all that reads it."""
    for at, call in draft.calls("conv"):
        made = call.writes["out"]
        reader = draft.only_reader(made) if isinstance(made, Value) else None
        if reader is None or not draft.may_join(at, reader):
            continue
        relu = draft.at(reader)
        if relu.options.get("expression") == RELU and isinstance(relu.writes.get("out"), Value):
            options = call.options | {"relu": True}
            draft.put(reader, None)
            draft.put(at, replace(call, writes=dict(relu.writes), options=options))

"""The gradient of a ReLU under a max pooling, taken on the pooled image, which is smaller.

The largest pixel of a window is positive where the pooled one is, so that the errors may be
cleared before they are handed to the pixels they came from: the numbers are the same.
"""

from dataclasses import replace

from netdef.fusion.draft import Draft
from netdef.program import Call
from netdef.values import Value

RELU_GRAD = "dy * (y > 0)"


def fuse(draft: Draft) -> None:
    """Turn ``pool_max_grad`` and the gradient of a ReLU round, where both are of one image."""
    for at, call in draft.calls("pool_max_grad"):
        spread = call.writes["out"]
        reader = draft.only_reader(spread) if isinstance(spread, Value) else None
        if reader is None or draft.only_writer(spread) != at or not draft.may_join(at, reader):
            continue
        relu, pooling = draft.at(reader), _pooling(draft, call)
        if pooling is None or relu.options.get("expression") != RELU_GRAD:
            continue
        if relu.reads["dy"] is not spread or relu.reads["y"] is not pooling.reads["x"]:
            continue
        pooled, errors = pooling.writes["out"], call.reads["dy"]
        if not (isinstance(pooled, Value) and isinstance(errors, Value)) or relu.adds:
            continue
        clear = Value("temporary", f"{errors.name} where {pooled.name} > 0", pooled.shape)
        draft.put(at, replace(relu, reads={"y": pooled, "dy": errors}, writes={"out": clear}))
        draft.put(reader, replace(call, reads=call.reads | {"dy": clear}, writes=dict(relu.writes)))


def _pooling(draft: Draft, gradient: Call) -> Call | None:
    """Return the max pooling of which this is the gradient."""
    writer = draft.only_writer(gradient.reads["index"])
    pooling = None if writer is None else draft.at(writer)
    return pooling if pooling is not None and pooling.primitive == "pool_max" else None

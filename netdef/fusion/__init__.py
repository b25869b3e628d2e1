"""Passes of ``compile`` that make fewer calls of many: each a file, each can be left out."""

from collections.abc import Callable, Sequence

from netdef.fusion import (
    attention,
    batch_norm,
    bias_gradient,
    conv_relu,
    conv_sum,
    folded_norm,
    maps,
    pooled_relu,
    same_numbers,
)
from netdef.fusion.draft import Draft
from netdef.program import Call
from netdef.values import Value

PASSES: dict[str, Callable[[Draft], None]] = {
    "attention": attention.fuse,
    "batch_norm": batch_norm.fuse,
    "same_numbers": same_numbers.fuse,
    "bias_gradient": bias_gradient.fuse,
    "folded_norm": folded_norm.fuse,
    "conv_sum": conv_sum.fuse,
    "conv_relu": conv_relu.fuse,
    "pooled_relu": pooled_relu.fuse,
    "maps": maps.fuse,
}
"""In the order in which they run."""

OF_ENGINES = frozenset({"attention"})
"""Passes that run only where an engine names them: see ``Engine.own_passes``."""


def fuse(
    forward: Sequence[Call],
    backward: Sequence[Call],
    kept: frozenset[Value],
    crosses_layers: bool,
    passes: Sequence[str] = tuple(PASSES),
) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
    """Return the calls that are left when all passes have run.

    ``crosses_layers`` is false if every layer must still be run by itself.
    """
    forward, backward = tuple(forward), tuple(backward)
    for name in passes:
        draft = Draft(forward, backward, kept, crosses_layers)
        PASSES[name](draft)
        forward, backward = draft.forward, draft.backward
    return forward, backward

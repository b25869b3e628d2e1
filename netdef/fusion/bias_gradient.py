"""The gradients of a convolution's weight and bias: one call, which reads the errors once."""

from dataclasses import replace

from netdef.fusion.draft import Draft


def fuse(draft: Draft) -> None:
    """Let ``conv_grad_weight`` add the sums of its errors to the bias's gradient."""
    for at, call in draft.calls("conv_grad_weight"):
        errors = call.reads["dy"]
        for other in list(draft.readers(getattr(errors, "base", errors))):
            sums = draft.at(other)
            is_of_layer = sums.primitive == "sum" and sums.node == call.node and sums.adds
            if is_of_layer and sums.reads["x"] is errors:
                draft.put(other, None)
                writes = call.writes | {"add_bias": sums.writes["add_to"]}
                draft.put(at, replace(call, writes=writes))

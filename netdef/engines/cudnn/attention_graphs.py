"""The operation graphs of attention, from shapes alone."""

from dataclasses import dataclass

from netdef.engines.cudnn.operation_graph import Draft, Ints, Operand, OperationGraph, dense_strides


@dataclass(frozen=True)
class Heads:
    """What forward and backward share. Heads lie side by side: ``(N, places, heads, features)``."""

    q: Ints
    k: Ints
    dtype: str
    scale: float
    is_causal: bool

    def heads(self, name: str, shape: Ints) -> Operand:
        """Describe ``(N, heads, places, features)``."""
        _, heads, places, features = shape
        strides = (places * heads * features, features, heads * features, 1)
        return Operand(name, shape, strides, self.dtype)

    @property
    def stats(self) -> Operand:
        """The logarithm of the sum of what each place's matches are exponents of."""
        dims = (*self.q[:3], 1)
        return Operand("stats", dims, dense_strides(dims, False), "float32")

    def read(self, draft: Draft) -> dict[str, str]:
        """Add what both read."""
        return {
            "q": draft.read(self.heads("q", self.q)),
            "k": draft.read(self.heads("k", self.k)),
            "v": draft.read(self.heads("v", self.k)),
        }


def forward(call: Heads) -> OperationGraph:
    """Give each place the mean of the values, and what backward must know."""
    draft = Draft("attention")
    draft.step(
        "sdpa",
        ("out", "stats"),
        call.read(draft),
        is_inference=False,
        attn_scale=call.scale,
        use_causal_mask=call.is_causal,
    )
    return draft.write(call.heads("out", call.q), call.stats)


def backward(call: Heads) -> OperationGraph:
    """Return the gradients of queries, keys and values."""
    draft = Draft("attention_back")
    reads = call.read(draft)
    reads["o"] = draft.read(call.heads("y", call.q))
    reads["dO"] = draft.read(call.heads("dy", call.q))
    reads["stats"] = draft.read(call.stats)
    draft.step(
        "sdpa_backward",
        ("dq", "dk", "dv"),
        reads,
        attn_scale=call.scale,
        use_causal_mask=call.is_causal,
        use_deterministic_algorithm=True,
    )
    return draft.write(call.heads("dq", call.q), call.heads("dk", call.k), call.heads("dv", call.k))

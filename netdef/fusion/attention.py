"""Attention between its projections: one call forward and one backward.

The matches of all places with all are then never there as a whole, where an engine does
without; backward, which needs them again, makes them again from one number for each place.
"""

from dataclasses import dataclass, field
from typing import Any

from netdef.fusion.draft import Draft
from netdef.program import Call
from netdef.shape import Shape
from netdef.values import Value, View

_MATCHES = ("match * scale", "match * scale + hidden")


@dataclass
class _Match:
    """The places of the calls that become two, and what they work on."""

    q: Any
    k: Any
    v: Any
    out: Any
    hidden: Any
    scale: float
    share: Value
    forward: list[int]
    backward: list[int] = field(default_factory=list)
    dy: Any = None
    dq: Any = None
    dk: Any = None
    dv: Any = None


def fuse(draft: Draft) -> None:
    """Put ``attention`` in the place of products, softmax and scaling of one layer."""
    for at, call in list(draft.calls("softmax")):
        share = call.writes["out"]
        if isinstance(share, Value) and share.kind == "saved" and share not in draft.kept:
            match = _forward(draft, share, at)
            if match is not None and _backward(draft, match):
                _replace(draft, match)


def _forward(draft: Draft, share: Value, softmax: int) -> _Match | None:
    """Match the product, scaling and softmax that make the shares, and the product of them."""
    makers, users = draft.writers(share), [p for p in draft.readers(share) if draft.is_forward(p)]
    if len(makers) != 3 or len(users) != 3 or makers[2] != softmax:
        return None
    product, scaling = draft.at(makers[0]), draft.at(makers[1])
    mean, expression = draft.at(users[-1]), scaling.options.get("expression")
    is_alike = (
        (product.primitive, mean.primitive) == ("gemm", "gemm")
        and expression in _MATCHES
        and product.options == {"trans_a": False, "trans_b": True}
        and mean.options == {"trans_a": False, "trans_b": False}
        and mean.reads["a"] is share
        and share.ndim == 4
        and len({draft.at(p).node for p in (*makers, users[-1])}) == 1
    )
    if not is_alike:
        return None
    return _Match(
        product.reads["a"],
        product.reads["b"],
        mean.reads["b"],
        mean.writes["out"],
        scaling.reads.get("hidden"),
        scaling.options["numbers"]["scale"],
        share,
        [*makers, users[-1]],
    )


def _backward(draft: Draft, match: _Match) -> bool:
    """Add the calls of the gradients; return whether they are there whole, or none is."""
    users = [p for p in draft.readers(match.share) if not draft.is_forward(p)]
    if not users:
        return True
    if len(users) != 2 or draft.at(users[1]).primitive != "softmax_grad":
        return False
    into_v, through = draft.at(users[0]), draft.at(users[1])
    error = through.writes["out"]
    if into_v.primitive != "gemm" or not isinstance(error, Value) or error in draft.kept:
        return False
    places = sorted({*draft.writers(error), *draft.readers(error), users[0]})
    calls = [draft.at(place) for place in places]
    kinds = [(c.primitive, c.options.get("trans_a"), c.options.get("trans_b")) for c in calls]
    if kinds != _BACKWARD or calls[3].options["expression"] != "d * scale":
        return False
    match.backward, match.dy = places, into_v.reads["b"]
    match.dv, match.dq, match.dk = (calls[i].writes["out"] for i in (0, 4, 5))
    pairs = (
        (calls[1].reads["a"], match.dy),
        (calls[1].reads["b"], match.v),
        (calls[4].reads["b"], match.k),
        (calls[5].reads["b"], match.q),
    )
    return all(_are_same(one, other) for one, other in pairs)


_BACKWARD = [
    ("gemm", True, False),
    ("gemm", False, True),
    ("softmax_grad", None, None),
    ("map", None, None),
    ("gemm", False, False),
    ("gemm", True, False),
]
"""The gradient of v; of the shares; through the softmax and the scaling; of q; of k."""


def _are_same(one: Any, other: Any) -> bool:
    """True if two operands show the same numbers."""
    if isinstance(one, View) and isinstance(other, View):
        return (one.base, one.steps) == (other.base, other.steps)
    return one is other


def _replace(draft: Draft, match: _Match) -> None:
    stats = Value("saved", f"{match.share.name} sums", Shape((*match.share.shape[:3], 1)))
    reads = {"q": match.q, "k": match.k, "v": match.v, "hidden": match.hidden}
    options = {"scale": match.scale}
    last, node = match.forward[-1], draft.at(match.forward[-1]).node
    for place in match.forward:
        draft.put(place, None)
    draft.put(last, Call("attention", node, reads, {"out": match.out, "stats": stats}, options))
    if not match.backward:
        return
    for place in match.backward:
        draft.put(place, None)
    known = reads | {"y": match.out, "dy": match.dy, "stats": stats}
    writes = {"dq": match.dq, "dk": match.dk, "dv": match.dv}
    draft.put(match.backward[-1], Call("attention_back", node, known, writes, options))

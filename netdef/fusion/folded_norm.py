"""At inference: what scales and shifts each channel after a convolution, put into its weights."""

import ast
from dataclasses import dataclass, field, replace
from typing import Any

from netdef.fusion.draft import Draft
from netdef.program import Call
from netdef.shape import Shape
from netdef.values import Value, View

_SCALINGS = {
    "(x - mean) * s": ("(a) * s", "((b) - mean) * s"),
    "x * factor + bias": ("(a) * factor", "(b) * factor + bias"),
    "x * scale + bias": ("(a) * scale", "(b) * scale + bias"),
    "x * factor": ("(a) * factor", "(b) * factor"),
    "x + bias": ("a", "(b) + bias"),
}
"""What each expression makes of ``a x + b``: the new a and b."""


@dataclass
class _Affine:
    """``a x + b`` by channel, as expressions over vectors."""

    a: str = "1"
    b: str = "0"
    vectors: dict[str, Any] = field(default_factory=dict)

    def follow(self, call: Call) -> None:
        """Take in one more call."""
        names = {}
        for role, operand in call.reads.items():
            if role != "x":
                names[role] = f"v{len(self.vectors)}"
                self.vectors[names[role]] = operand.base
        a, b = _SCALINGS[call.options["expression"]]
        names |= {"a": f"({self.a})", "b": f"({self.b})"}
        self.a, self.b = _put(a, names), _put(b, names)


def fuse(draft: Draft) -> None:
    """Fold chains of scalings by channel into the convolutions that they follow."""
    if draft.backward:
        return
    for at, call in draft.calls("conv"):
        chain, affine = [at], _Affine()
        if call.options.get("relu"):
            continue
        if call.reads.get("bias") is not None:
            affine.b, affine.vectors = "v0", {"v0": call.reads["bias"]}
        made = call.writes["out"]
        while (place := _scaling(draft, made)) is not None:
            affine.follow(draft.at(place))
            chain.append(place)
            made = draft.at(place).writes["out"]
        if len(chain) > 1 and draft.may_join(*chain):
            _fold(draft, chain, affine)


def _scaling(draft: Draft, made: Any) -> int | None:
    """Return the place of the call that scales each channel of what alone it reads."""
    place = draft.only_reader(made) if isinstance(made, Value) else None
    if place is None:
        return None
    call = draft.at(place)
    others = [o for role, o in call.reads.items() if role != "x"]
    channels = made.shape[1]
    is_by_channel = all(isinstance(o, View) and o.base.shape == (channels,) for o in others)
    is_known = call.primitive == "map" and call.options["expression"] in _SCALINGS
    fits = is_known and is_by_channel and call.reads["x"] is made and not call.adds
    return place if fits and all(_is_wide(o, made) for o in others) else None


def _is_wide(operand: View, image: Value) -> bool:
    """True if a view shows a vector along the channels of an image."""
    wide = tuple(operand.shape)
    return wide[-(image.ndim - 1) :] == (image.shape[1], *(1,) * (image.ndim - 2))


def _fold(draft: Draft, chain: list[int], affine: _Affine) -> None:
    at = chain[0]
    call = draft.at(at)
    old = call.reads["weight"]
    name = draft.at(chain[-1]).writes["out"].name
    weight = Value("folded", f"weight of {name}", old.shape)
    bias = Value("folded", f"bias of {name}", Shape((old.shape[0],)))
    tall = {k: v.reshape(-1, *(1,) * (old.ndim - 1)) for k, v in affine.vectors.items()}
    used = {n.id for n in ast.walk(ast.parse(affine.a)) if isinstance(n, ast.Name)}
    reads = {"w": old} | {k: v for k, v in tall.items() if k in used}
    setup = [
        Call("map", call.node, reads, {"out": weight}, _expression(f"w * ({affine.a})")),
        Call("map", call.node, dict(affine.vectors), {"out": bias}, _expression(affine.b)),
    ]
    folded = call.reads | {"weight": weight, "bias": bias}
    writes = dict(draft.at(chain[-1]).writes)
    last = chain[-1]
    for place in chain:
        draft.put(place, None)
    draft.put(last, replace(call, reads=folded, writes=writes))
    draft.put_before(last, setup)


def _expression(text: str) -> dict[str, Any]:
    return {"expression": ast.unparse(ast.parse(text, mode="eval")), "numbers": {}}


def _put(text: str, names: dict[str, str]) -> str:
    """Put texts in the place of names."""

    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return ast.parse(names[node.id], mode="eval").body

    return ast.unparse(Put().visit(ast.parse(text, mode="eval")))

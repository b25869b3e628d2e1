"""Elementwise calls that follow one another: one call, whose middle stays in the cache."""

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from netdef.fusion.draft import Draft
from netdef.program import Call
from netdef.values import Value

_MOST_ARRAYS = 6


def fuse(draft: Draft) -> None:
    """Put the expression of a ``map`` into the one other ``map`` that reads its result."""
    for at, call in reversed(list(draft.calls("map"))):
        middle = call.writes.get("out", call.writes.get("add_to"))
        if not isinstance(middle, Value):
            continue
        reader = _reader(draft, at, middle)
        if reader is None or not _may_move(draft, call, at, reader):
            continue
        joined = _joined(call, draft.at(reader), middle)
        if joined is not None:
            draft.put(at, None)
            draft.put(reader, joined)


def _reader(draft: Draft, at: int, middle: Value) -> int | None:
    """Return the call that alone reads what the one at ``at`` makes, or adds to."""
    if middle in draft.kept or middle.kind in ("weight", "grad"):
        return None
    later = [r for r in draft.readers(middle) if r > at]
    is_last = len(later) == 1 and all(w <= at for w in draft.writers(middle))
    return later[0] if is_last else None


def _may_move(draft: Draft, call: Call, at: int, reader: int) -> bool:
    """True if the call may as well run when the reader does."""
    other = draft.at(reader)
    is_alike = other.primitive == "map" and other.writes and not other.adds
    if not is_alike or not draft.may_join(at, reader):
        return False
    if draft.is_forward(at) != draft.is_forward(reader):
        return False
    target = other.writes["out"]
    shapes_agree = tuple(target.shape) == tuple(next(iter(call.writes.values())).shape)
    return shapes_agree and draft.is_untouched(set(call.read_values()), at, reader)


def _joined(first: Call, second: Call, middle: Value) -> Call | None:
    """Return the second call with the first one's expression in the place of its result."""
    if any(getattr(o, "base", None) is middle for o in second.reads.values()):
        return None
    reads: dict[str, Any] = {}
    inner = _renamed(first, reads)
    if first.adds:
        inner = ast.BinOp(_name(middle, reads), ast.Add(), inner)
    places = {name: inner for name, operand in second.reads.items() if operand is middle}
    whole = _renamed(second, reads, places)
    if len(reads) > _MOST_ARRAYS:
        return None
    options = {"expression": ast.unparse(whole), "numbers": {}}
    return replace(second, reads=reads, options=options)


def _name(operand: Any, reads: dict[str, Any]) -> ast.Name:
    """Return the name of an operand among ``reads``, which takes it in if it is new."""
    for name, other in reads.items():
        if other is operand:
            return ast.Name(name)
    name = f"a{len(reads)}"
    reads[name] = operand
    return ast.Name(name)


def _renamed(
    call: Call, reads: dict[str, Any], places: Mapping[str, ast.expr] | None = None
) -> ast.expr:
    """Return the call's expression over the names of ``reads``, with numbers put in."""
    known: dict[str, ast.expr] = dict(places or {})
    for name, operand in call.reads.items():
        if name not in known:
            known[name] = _name(operand, reads)
    for name, number in call.options["numbers"].items():
        known[name] = ast.Constant(number)
    tree = ast.parse(call.options["expression"], mode="eval").body
    whole: ast.expr = _Put(known).visit(tree)
    return whole


class _Put(ast.NodeTransformer):
    """Puts expressions in the place of names; functions keep theirs."""

    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.known[node.id]

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(a) for a in node.args]
        return node

"""Calls that hand on the same numbers: who reads the result may as well read the source."""

from dataclasses import replace
from typing import Any

from netdef.expression import compile_expression
from netdef.fusion.draft import Draft
from netdef.program import Call
from netdef.values import Value


def fuse(draft: Draft) -> None:
    """Leave out elementwise calls like ``1 * x``, such as the gradients of a sum."""
    for at, call in draft.calls("map"):
        source, result = _source(call), call.writes.get("out")
        if source is None or not isinstance(result, Value):
            continue
        if (
            result in draft.kept
            or result.kind in ("weight", "grad")
            or source.shape != result.shape
        ):
            continue
        readers = draft.readers(result)
        stay = all(w <= at for v in (source, result) for w in draft.writers(v))
        is_alone = stay and draft.writers(result) == [at] and all(r > at for r in readers)
        if is_alone and draft.may_join(at, *readers):
            for reader in list(readers):
                draft.put(reader, _with(draft.at(reader), result, source))
            draft.put(at, None)


def _source(call: Call) -> Value | None:
    """Return the value whose numbers the call hands on, if that is all it does."""
    expression = compile_expression(call.options["expression"], call.options["numbers"])
    if expression.operations or not isinstance(expression.value, str):
        return None
    source = call.reads[expression.value]
    return source if isinstance(source, Value) and source.dtype == "float32" else None


def _with(call: Call, old: Value, new: Value) -> Call:
    """Return the call reading another value in the place of one."""

    def put(operand: Any) -> Any:
        if isinstance(operand, tuple):
            return tuple(map(put, operand))
        if getattr(operand, "base", None) is old:
            return replace(operand, base=new)
        return new if operand is old else operand

    return replace(call, reads={role: put(operand) for role, operand in call.reads.items()})

"""A pass of ``compile``: what must stay readable, and which calls nobody needs."""

from collections.abc import Sequence
from dataclasses import replace

from netdef.ops import DROPPABLE, HOST_CALLS
from netdef.program import Call, Program
from netdef.values import Value


def kept_values(program: Program, keep: str) -> frozenset[Value]:
    """Return the values that somebody may look at between passes; see ``compile_program``."""
    graph = program.graph
    names = graph.blobs if keep == "blobs" else {*graph.inputs, *graph.outputs}
    ids = [graph.id_of(n) for n in names]
    # A loss is reported even where another layer reads it.
    ids += [t for n in graph.nodes for t, w in zip(n.tops, n.loss_weights, strict=True) if w]
    kept = {program.blobs[i] for i in ids}
    given = (graph.id_of(n) for n in graph.inputs)
    kept |= {program.diffs[i] for i in (*program.seeds, *given) if i in program.diffs}
    if keep == "blobs":
        kept |= {program.diffs[i] for i in ids if i in program.diffs}
        kept |= _handed_on(program)
    touched = (v for c in program.forward for v in (*c.read_values(), *c.written_values()))
    kept |= {v for v in touched if v.first is not None}
    return frozenset(kept)


def _handed_on(program: Program) -> set[Value]:
    """Return what forward makes for backward, which users may run more than once."""
    made = {v for c in program.forward for v in c.written_values() if v.kind in ("blob", "saved")}
    return made & {v for c in program.backward for v in c.read_values()}


def is_touched(value: Value, calls: Sequence[Call]) -> bool:
    """True if a call reads or writes the value."""
    return any(value in (*c.read_values(), *c.written_values()) for c in calls)


def drop_unread(
    calls: Sequence[Call], kept: frozenset[Value], later: Sequence[Call] = ()
) -> tuple[Call, ...]:
    """Leave out calls, and written roles that may be dropped, whose results nobody reads."""
    read = {v for call in later for v in call.read_values()} | kept
    left: list[Call] = []
    for call in reversed(calls):
        writes = {
            role: None
            if isinstance(target, Value)
            and target not in read
            and (call.primitive, role) in DROPPABLE
            else target
            for role, target in call.writes.items()
        }
        written = list(replace(call, writes=writes).written_values())
        is_needed = call.primitive in HOST_CALLS or any(
            v in read or v.kind in ("grad", "weight") for v in written
        )
        if is_needed:
            left.append(replace(call, writes=writes))
            read.update(call.read_values())
    return tuple(reversed(left))

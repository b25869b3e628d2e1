"""Stage 5, ``compile``: an engine for every call, and memory for every value."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from netdef import layout, memory
from netdef.engines import Choice, Engine, choose
from netdef.engines.scratch import fake
from netdef.errors import ConfigError, at
from netdef.fusion import PASSES, fuse
from netdef.graph import Node
from netdef.ops import DROPPABLE, HOST_CALLS
from netdef.precision import narrow
from netdef.program import Call, Program
from netdef.values import Value, View

Order = tuple[int, ...]

ENGINES = {"MKLDNN": "onednn"}
"""Engines that a prototxt calls by another name."""


@dataclass(frozen=True)
class Slot:
    """Where a value lies: bytes from the start of the arena, and the order of its axes."""

    offset: int
    order: Order


@dataclass(frozen=True)
class Plan:
    """Calls with their engines, and a slot for every value that has one."""

    program: Program
    forward: tuple[Call, ...]
    backward: tuple[Call, ...]
    choices: tuple[Choice, ...]
    slots: dict[Value, Slot]
    kept: frozenset[Value]
    arena_bytes: int
    scratch_bytes: int
    settled: int = 0
    """How many forward calls, the first ones, depend on the weights alone."""

    @property
    def values_bytes(self) -> int:
        """What the values would take if none shared memory."""
        return sum(v.bytes for v in self.slots)

    @property
    def weight_bytes(self) -> int:
        """The memory of all weights, shared ones once."""
        return sum(4 * v.size for v in {v.name: v for v in self.program.weights.values()}.values())


def compile_program(
    program: Program,
    engines: Sequence[Engine],
    keep: str = "outputs",
    passes: Sequence[str] = tuple(PASSES),
    precision: str = "F32",
) -> Plan:
    """Choose engines, layouts and buffers. ``engines`` come fastest first, the last runs all.

    ``passes`` name the passes of ``netdef.fusion`` that run. With the ``precision`` BF16
    what lies between convolutions is stored in bfloat16.

    ``keep`` is ``"blobs"`` if every named blob and its diff must stay readable between
    calls, ``"outputs"`` if only the inputs, outputs and losses of the net need to.

    Raises:
        ConfigError: a layer asks for an engine that is not here or refuses.
    """
    kept = _kept(program, keep)
    backward = _drop_unread(program.backward, kept)
    forward = _drop_unread(program.forward, kept, backward)
    forward, backward = fuse(forward, backward, kept, keep == "outputs", passes)
    forward = _drop_unread(forward, kept, backward)
    forward, settled = (forward, 0) if backward else _settle(forward, keep)
    orders = layout.orders((*forward, *backward), type(engines[0]), _plain(program))
    if precision == "BF16":
        narrowed = narrow(forward, backward, orders, kept)
        forward, backward = narrowed.forward, narrowed.backward
        orders = {narrowed.values.get(v, v): order for v, order in orders.items()}
    calls = (*forward, *backward)
    kept = frozenset(v for v in kept if v.kind == "blob" or _is_touched(v, calls))
    choices = tuple(_choice(program, call, engines, orders) for call in calls)
    kept |= {v for call in forward[:settled] for v in call.written_values()}
    alive = memory.lives(calls, kept)
    hosts = memory.share_in_place(calls, alive, orders, kept)
    offsets, size = memory.place(alive)
    for value, host in hosts.items():
        offsets[value] = offsets[host]
    _check_asked(program, calls, choices)
    slots = {v: Slot(o, orders.get(v) or tuple(range(v.ndim))) for v, o in offsets.items()}
    scratch = max(engine.scratch.bytes for engine in engines)
    return Plan(program, forward, backward, choices, slots, kept, size, scratch, settled)


def _kept(program: Program, keep: str) -> frozenset[Value]:
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


def _is_touched(value: Value, calls: Sequence[Call]) -> bool:
    return any(value in (*c.read_values(), *c.written_values()) for c in calls)


def _drop_unread(
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


def _settle(forward: Sequence[Call], keep: str) -> tuple[tuple[Call, ...], int]:
    """Put the calls first that depend on weights alone; return their number too."""
    if keep != "outputs":
        return tuple(forward), 0
    made: set[Value] = set()
    first: list[Call] = []
    rest: list[Call] = []
    writers = Counter(v for call in forward for v in call.written_values())
    for call in forward:
        is_settled = call.primitive not in (*HOST_CALLS, "uniform") and all(
            v.kind == "weight" or v in made for v in call.read_values()
        )
        written = set(call.written_values())
        if is_settled and all(writers[v] == 1 and v.kind != "weight" for v in written):
            made |= written
            first.append(call)
        else:
            rest.append(call)
    return (*first, *rest), len(first)


def _choice(
    program: Program, call: Call, engines: Sequence[Engine], orders: dict[Value, Order]
) -> Choice:
    """Choose the engine of a call, which notes what scratch memory it will need."""
    node = program.graph.nodes[call.node]
    name = _asked(node)
    if any(e.name == name and not e.has(call.primitive) for e in engines):
        name = None  # what the asked engine does not know at all is left to the others
    written = next(call.written_values(), None)
    dtype = written.dtype if written else "float32"

    def rehearse(engine: Engine) -> None:
        arrays = arrays_of({**call.reads, **call.writes}, find)
        engine.prepare(call.primitive, arrays, call.options)

    def find(value: Value) -> Any:
        return fake(value.shape, value.dtype, orders.get(value))

    with at(str(node)):
        if call.primitive in HOST_CALLS:
            return Choice(engines[-1], {})
        return choose(call.primitive, dtype, call.options, engines, name, rehearse)


def _asked(node: Node) -> str | None:
    """Return the engine that a layer's prototxt asks for by name."""
    asked = getattr(node.layer, "engine", None)
    return None if asked in (None, "DEFAULT", "CAFFE") else ENGINES.get(asked, asked.lower())


def _check_asked(program: Program, calls: Sequence[Call], choices: Sequence[Choice]) -> None:
    """Fail if an engine that a layer asks for runs no call of it.

    Raises:
        ConfigError: it has nothing for that layer.
    """
    used: dict[int, set[str]] = {}
    for call, choice in zip(calls, choices, strict=True):
        used.setdefault(call.node, set()).add(choice.engine.name)
    for number, names in used.items():
        node = program.graph.nodes[number]
        asked = _asked(node)
        if asked is not None and asked not in names:
            with at(str(node)):
                raise ConfigError(
                    f"asks for engine {asked.upper()}, which has nothing for {node.type};"
                    " remove the engine field"
                )


def _plain(program: Program) -> frozenset[Value]:
    """Return the values that are filled from outside, which must lie as they are."""
    sources = {t for n in program.graph.nodes if not n.bottoms for t in n.tops}
    return frozenset(program.blobs[t] for t in sources)


def arrays_of(operands: dict[str, Any], find: Any) -> dict[str, Any]:
    """Put arrays in the place of values and views."""

    def one(operand: Any) -> Any:
        if operand is None:
            return None
        if isinstance(operand, tuple):
            return tuple(one(o) for o in operand)
        return operand.of(find(operand.base)) if isinstance(operand, View) else find(operand)

    return {role: one(operand) for role, operand in operands.items()}


def steps(plan: Plan) -> Iterator[tuple[Call, Choice]]:
    """Yield all calls, forward then backward, each with its engine."""
    return zip((*plan.forward, *plan.backward), plan.choices, strict=True)

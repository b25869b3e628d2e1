"""Stage 5, ``compile``: an engine for every call, and memory for every value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netdef import layout, memory
from netdef.choosing import check_asked, choices_of
from netdef.engines import Choice, Engine
from netdef.fusion import OF_ENGINES, PASSES, fuse
from netdef.keeping import drop_unread, is_touched, kept_values
from netdef.precision import PRECISIONS, narrow
from netdef.program import Call, Program
from netdef.settling import settle
from netdef.values import Order, Value


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
    def kernels(self) -> str:
        """A number for the kernels that libraries chose: see ``Engine.kernels``."""
        return " ".join(sorted({choice.engine.kernels for choice in self.choices} - {""}))

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
    or FP16 what lies between convolutions is stored in 16 bits.

    ``keep`` is ``"blobs"`` if every named blob and its diff must stay readable between
    calls, ``"outputs"`` if only the inputs, outputs and losses of the net need to.

    Raises:
        ConfigError: a layer asks for an engine that is not here or refuses.
    """
    kept = kept_values(program, keep)
    backward = drop_unread(program.backward, kept)
    forward = drop_unread(program.forward, kept, backward)
    wanted = frozenset[str]().union(*(engine.own_passes for engine in engines))
    passes = [name for name in passes if name not in OF_ENGINES or name in wanted]
    forward, backward = fuse(forward, backward, kept, keep == "outputs", passes)
    forward = drop_unread(forward, kept, backward)
    forward, settled = (forward, 0) if backward else settle(forward, keep)
    more = frozenset[str]().union(*(engine.takes_narrow for engine in engines))
    orders = layout.orders((*forward, *backward), engines[0], _plain(program, "feed" in more))
    if precision != "F32":
        losses = {i for i, node in enumerate(program.graph.nodes) if any(node.loss_weights)}
        dtype = PRECISIONS[precision]
        narrowed = narrow(forward, backward, orders, kept, dtype, more, losses)
        forward, backward = narrowed.forward, narrowed.backward
        orders = {narrowed.values.get(v, v): order for v, order in orders.items()}
    calls = (*forward, *backward)
    kept = frozenset(v for v in kept if v.kind == "blob" or is_touched(v, calls))
    choices = choices_of(program, calls, engines, orders)
    kept |= {v for call in forward[:settled] for v in call.written_values()}
    alive = memory.lives(calls, kept)
    hosts = memory.share_in_place(calls, alive, orders, kept)
    offsets, size = memory.place(alive)
    for value, host in hosts.items():
        offsets[value] = offsets[host]
    check_asked(program, calls, choices)
    slots = {v: Slot(o, orders.get(v) or tuple(range(v.ndim))) for v, o in offsets.items()}
    scratch = max(engine.scratch.bytes for engine in engines)
    return Plan(program, forward, backward, choices, slots, kept, size, scratch, settled)


def _plain(program: Program, are_fed_by_kernels: bool) -> frozenset[Value]:
    """Return the values that are filled from outside, which must lie as they are.

    What kernels fill with the batches of data layers may lie in any order.
    """
    sources = {t for n in program.graph.nodes if not n.bottoms for t in n.tops}
    plain = {program.blobs[t] for t in sources}
    feeds = (c for c in program.forward if are_fed_by_kernels and c.primitive == "feed")
    return frozenset(plain.difference(*(call.written_values() for call in feeds)))


def steps(plan: Plan) -> Iterator[tuple[Call, Choice]]:
    """Yield all calls, forward then backward, each with its engine."""
    return zip((*plan.forward, *plan.backward), plan.choices, strict=True)

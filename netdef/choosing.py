"""A pass of ``compile``: the engine of every call."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from netdef.engines import Choice, Engine, Launches, Run, choose
from netdef.engines.scratch import fake
from netdef.errors import ConfigError, at
from netdef.graph import Node
from netdef.ops import HOST_CALLS
from netdef.program import Call, Program
from netdef.values import Order, Value, arrays_of

_NAMES = {"MKLDNN": "onednn"}
"""Engines that a prototxt calls by another name."""


def choices_of(
    program: Program, calls: Sequence[Call], engines: Sequence[Engine], orders: dict[Value, Order]
) -> tuple[Choice, ...]:
    """Choose the engine of every call; those that share a mask get the same one.

    What a ReLU clipped, engines note in forms of their own: who reads it must have written
    it. If one of the two is refused, the other goes on to the next engine with it.

    Raises:
        ConfigError: a layer asks for an engine that is not here or refuses.
    """
    choices = [choice_of(program, call, engines, orders) for call in calls]
    for places in _sharing_a_mask(calls):
        if len({choices[place].engine for place in places}) > 1:
            sharing = [calls[place] for place in places]
            together = _of_one_engine(program, sharing, engines, orders)
            for place, choice in zip(places, together, strict=True):
                choices[place] = choice
    return tuple(choices)


def _of_one_engine(
    program: Program, calls: Sequence[Call], engines: Sequence[Engine], orders: dict[Value, Order]
) -> list[Choice]:
    """Choose the first engine that takes all these calls; what one refused all have refused."""
    refused: dict[str, str] = {}
    while True:
        found = [choice_of(program, call, engines, orders) for call in calls]
        first = min(engines.index(choice.engine) for choice in found)
        if all(choice.engine is engines[first] for choice in found):
            return [replace(c, refused=refused | c.refused) for c in found]
        name = engines[first].name
        for choice in found:
            refused |= choice.refused
        refused.setdefault(name, "lacks a call that belongs to it")
        engines = engines[first + 1 :]


def _sharing_a_mask(calls: Sequence[Call]) -> Iterator[list[int]]:
    """Yield the places of the calls that write a mask and read it."""
    places: dict[Value, list[int]] = {}
    for place, call in enumerate(calls):
        mask = call.writes.get("mask") or call.reads.get("mask")
        if mask is not None:
            places.setdefault(mask, []).append(place)
    yield from places.values()


def choice_of(
    program: Program, call: Call, engines: Sequence[Engine], orders: dict[Value, Order]
) -> Choice:
    """Choose the engine of a call, which notes what scratch memory it will need."""
    node = program.graph.nodes[call.node]
    name = _asked(node)
    if any(e.name == name and not e.has(call.primitive) for e in engines):
        name = None  # what the asked engine does not know at all is left to the others
    written = next(call.written_values(), None)
    dtype = written.dtype if written else "float32"

    prepared: dict[Engine, Run] = {}

    def rehearse(engine: Engine) -> None:
        arrays = arrays_of({**call.reads, **call.writes}, find)
        prepared[engine] = engine.prepare(call.primitive, arrays, call.options)

    def find(value: Value) -> Any:
        return fake(value.shape, value.dtype, orders.get(value))

    with at(str(node)):
        if call.primitive in HOST_CALLS:
            return Choice(engines[-1], {})
        choice = choose(call.primitive, dtype, call.options, engines, name, rehearse)
    return replace(choice, only_launches=isinstance(prepared[choice.engine], Launches))


def _asked(node: Node) -> str | None:
    """Return the engine that a layer's prototxt asks for by name."""
    asked = getattr(node.layer, "engine", None)
    return None if asked in (None, "DEFAULT", "CAFFE") else _NAMES.get(asked, asked.lower())


def check_asked(program: Program, calls: Sequence[Call], choices: Sequence[Choice]) -> None:
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

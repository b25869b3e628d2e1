"""A pass of ``compile``: the engine of every call."""

from collections.abc import Sequence
from typing import Any

from netdef.engines import Choice, Engine, choose
from netdef.engines.scratch import fake
from netdef.errors import ConfigError, at
from netdef.graph import Node
from netdef.ops import HOST_CALLS
from netdef.program import Call, Program
from netdef.values import Order, Value, arrays_of

_NAMES = {"MKLDNN": "onednn"}
"""Engines that a prototxt calls by another name."""


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

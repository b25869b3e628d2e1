"""What ``record`` makes: forward and backward as two straight lists of calls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netdef.graph import Graph
from netdef.infer import Shapes
from netdef.values import Value, View


@dataclass(frozen=True)
class Call:
    """One primitive on values: what it reads and writes, by role, and its options."""

    primitive: str
    node: int
    reads: dict[str, Any]
    writes: dict[str, Any]
    options: dict[str, Any]

    @property
    def adds(self) -> bool:
        """True if what it writes it also reads."""
        return any(self._added())

    def read_values(self) -> Iterator[Value]:
        """Yield every value it reads, whole or in part."""
        yield from _values(self.reads)
        yield from _values(dict(self._added()))

    def _added(self) -> Iterator[tuple[str, Any]]:
        return ((role, v) for role, v in self.writes.items() if role.startswith("add_"))

    def written_values(self) -> Iterator[Value]:
        """Yield every value it writes, whole or in part."""
        return _values(self.writes)

    def __str__(self) -> str:
        given = [_words(v) for v in self.reads.values() if v is not None]
        writes = ", ".join(_words(v) for v in self.writes.values() if v is not None)
        given += [f"{k}={_option(v)}" for k, v in self.options.items() if v not in (False, {})]
        return f"{writes} {'+=' if self.adds else '='} {self.primitive}({', '.join(given)})"


def _values(roles: Mapping[str, Any]) -> Iterator[Value]:
    for operand in roles.values():
        for each in operand if isinstance(operand, tuple) else (operand,):
            if each is not None:
                yield each.base if isinstance(each, View) else each


def _words(operand: Any) -> str:
    return ", ".join(map(str, operand)) if isinstance(operand, tuple) else str(operand)


def _option(value: Any) -> str:
    if hasattr(value, "kernel"):
        return f"{'x'.join(map(str, value.kernel))} step {'x'.join(map(str, value.stride))}"
    return repr(value) if not callable(value) else getattr(value, "__name__", "function")


@dataclass(frozen=True)
class Program:
    """All calls of one pass forward and one backward, and the values they work on."""

    graph: Graph
    shapes: Shapes
    forward: tuple[Call, ...]
    backward: tuple[Call, ...]
    blobs: dict[str, Value]
    diffs: dict[str, Value]
    weights: dict[str, Value]
    seeds: dict[str, float]
    """Names of ``diffs`` that nobody computes: set to the loss weight, or by the user."""

"""``Body``: the operators of an ONNX graph while it is made, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Operator:
    """One node of an ONNX graph, and the layer that it is a part of."""

    kind: str
    name: str
    layer: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    """An attribute may be a ``Body``: the graph that Scan runs for each step."""


@dataclass(frozen=True)
class Port:
    """An input or output: its name and shape, in which None is a length that depends on numbers."""

    name: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class State:
    """What a layer keeps from pass to pass: an input that begins as zeros, and an output."""

    before: str
    after: str
    shape: tuple[int, ...]


@dataclass
class Body:
    """Operators in the order they run, and the constants that they read.

    The body of a Scan has the constants of the one around it.
    """

    operators: list[Operator] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    varying: set[str] = field(default_factory=set)
    """Values whose shapes depend on numbers."""
    shared: dict[int, str] = field(default_factory=dict)
    """The names of arrays that may be read more than once, such as shared weights, by ``id``."""

    def share(self, name: str, values: Array) -> None:
        """Let ``values`` be one constant, called ``name``, however often it is read."""
        self.shared[id(values)] = name

    def constant(self, name: str, values: Array) -> str:
        """Add a constant; returns its name."""
        name = self.shared.get(id(values), name)
        self.constants[name] = values
        return name

    def inner(self) -> "Body":
        """Return an empty body inside this one."""
        return Body(constants=self.constants, shared=self.shared)


def as_array(value: float | Sequence[int] | Array) -> Array:
    """Return what an operator reads: a number as float32, whole numbers in a row as int64."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, (int, float)):
        return np.array(value, np.float32)
    return np.array(value, np.int64)

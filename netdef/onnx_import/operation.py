"""``Operation``: one node of an ONNX graph, and the registry of what reads each operator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Array, Blob, NetBuilder
from netdef.registry import Registry
from netdef.shape import Shape

Value = Blob | Array
"""What a name in the graph stands for: a blob of the net, or numbers that are known."""


@dataclass(frozen=True)
class Operation:
    """One node, its attributes as Python values, and what its inputs stand for.

    ``is_single`` says of each input whether this node alone reads it; ``consumers`` are the
    kinds of the nodes that read the first output.
    """

    kind: str
    name: str
    opset: int
    attributes: dict[str, Any]
    inputs: Sequence[Value | None]
    is_single: Sequence[bool]
    outputs: int
    consumers: Sequence[str]
    builder: NetBuilder

    @property
    def x(self) -> Blob:
        """The first input."""
        return self.blob(0)

    def blob(self, index: int) -> Blob:
        """Return an input that is a blob.

        Raises:
            ConfigError: it is missing or a constant.
        """
        value = self.inputs[index] if index < len(self.inputs) else None
        if not isinstance(value, Blob):
            raise ConfigError(f"its input {index} is a constant; a net has blobs there")
        return value

    def has(self, index: int) -> bool:
        """Tell whether an input is given."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def is_constant(self, index: int) -> bool:
        """Tell whether an input is numbers that are known."""
        return self.has(index) and isinstance(self.inputs[index], np.ndarray)

    def constant(self, index: int) -> Array:
        """Return an input that is known.

        Raises:
            ConfigError: it is missing or computed from the net's inputs.
        """
        value = self.inputs[index] if index < len(self.inputs) else None
        if not isinstance(value, np.ndarray):
            raise ConfigError(f"its input {index} is computed; a net must know it beforehand")
        return value

    def numbers(self, index: int, attribute: str) -> list[int] | None:
        """Return whole numbers that are an input, or in older versions an attribute, or None."""
        if self.has(index):
            return [int(v) for v in self.constant(index).reshape(-1)]
        given = self.attributes.get(attribute)
        return None if given is None else list(given)

    def only(self, **allowed: Any) -> None:
        """See that attributes, where given, have the values that a layer has.

        Raises:
            ConfigError: one has another.
        """
        for name, value in allowed.items():
            given = self.attributes.get(name, value)
            if given != value:
                raise ConfigError(f"its {name} {given} has no layer; only {value} has")

    def layer(
        self, type: str, *bottoms: Blob, weights: Sequence[Array] = (), **fields: Any
    ) -> Blob:
        """Add a layer of one top, called as the node; returns the top."""
        return self.builder.add(type, self.name, bottoms or (self.x,), weights, **fields)[0]

    def reshaped(self, value: Blob, shape: Sequence[int]) -> Blob:
        """Add a Reshape, unless the blob has the shape already; the batch's length stays free."""
        if tuple(shape) == tuple(value.shape):
            return value
        keeps_batch = len(shape) > 0 and value.shape[:1] == Shape(shape[:1])
        dims = [0, *shape[1:]] if keeps_batch else list(shape)
        return self.layer("Reshape", value, reshape_param={"shape": {"dim": dims}})


Importer = Callable[[Operation], Value | Sequence[Value]]
"""Adds layers for a node, and returns what its outputs stand for."""

IMPORTERS: Registry[Importer] = Registry(
    "ONNX operator that maps to layers",
    home="netdef.onnx_import.operators",
    plugins="netdef.onnx_importers",
)


def imports(*kinds: str) -> Callable[[Importer], Importer]:
    """Make a function what reads nodes of these operators.

    Other packages add theirs by entry points of the group ``netdef.onnx_importers``. An
    importer raises ConfigError for what no layer does.
    """

    def add(function: Importer) -> Importer:
        for kind in kinds:
            IMPORTERS.add(kind, function)
        return function

    return add

"""A net for any number of items, from what it is for two numbers of them.

Where two bodies of one net differ, there is the number of items: a length in a shape, which
Reshape can work out. Exporters know nothing of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_export.body import Array, Body, Operator, Port
from netdef.shape import Shape

BATCH = "batch"
"""What the number of items is called in the model's inputs and outputs."""


def other_inputs(inputs: Sequence[Port]) -> dict[str, Shape]:
    """Return shapes of the inputs with another number of items.

    The first input's first axis numbers the items; so does that of every input of the same
    length there.
    """
    shapes = {port.name: Shape(n or 0 for n in port.shape) for port in inputs}
    items = shapes[inputs[0].name][:1]
    return {
        name: Shape((2 * s[0] + 1, *s[1:])) for name, s in shapes.items() if s[:1] == items != ()
    }


def merge(one: Body, other: Body) -> Body:
    """Return the body that is both; a length of -1 in a port's shape is any.

    Raises:
        ConfigError: a layer is different operators for another number of items.
    """
    if one.states:
        raise _bound(one.states[0].before.rpartition("/")[0])
    if [_form(o) for o in one.operators] != [_form(o) for o in other.operators]:
        pairs = zip(one.operators, other.operators, strict=False)
        differing = (a.layer for a, b in pairs if _form(a) != _form(b))
        raise _bound(next(differing, one.operators[-1].layer))
    shapes = {o.inputs[1] for o in one.operators if o.kind == "Reshape"}
    layers = {name: o.layer for o in one.operators for name in o.inputs}
    constants = {
        name: _merged(values, other.constants[name], name in shapes, layers.get(name, ""))
        for name, values in one.constants.items()
    }
    inputs, outputs = (
        [_free(a, b) for a, b in zip(mine, theirs, strict=True)]
        for mine, theirs in ((one.inputs, other.inputs), (one.outputs, other.outputs))
    )
    return replace(one, constants=constants, inputs=inputs, outputs=outputs)


def _form(operator: Operator) -> tuple[Any, ...]:
    attributes = {k: v for k, v in operator.attributes.items() if not isinstance(v, Body)}
    return operator.kind, operator.inputs, operator.outputs, attributes


def _merged(one: Array, other: Array, is_shape: bool, layer: str) -> Array:
    if one is other or np.array_equal(one, other):
        return one
    differs = one != other if one.shape == other.shape else np.array([])
    if not is_shape or differs.sum() != 1 or -1 in one:
        raise _bound(layer)
    return np.where(differs, -1, one)


def _free(one: Port, other: Port) -> Port:
    pairs = zip(one.shape, other.shape, strict=True)
    return Port(one.name, tuple(a if a == b else -1 for a, b in pairs))


def _bound(layer: str) -> ConfigError:
    return ConfigError(
        f"layer {layer!r} is bound to the number of items; export without --dynamic-batch"
    )

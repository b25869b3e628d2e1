"""Recurrent layers: a Scan over the time steps."""

from collections.abc import Callable, Sequence

import numpy as np

from netdef.onnx_export.body import Array, Port
from netdef.onnx_export.part import Part, exports
from netdef.shape import Shape

Step = Callable[[Part, str, str, list[str]], tuple[list[str], str]]
"""Makes of the sums of a step, cont and the states before it those after it, and what is seen."""


@exports("LSTM")
def lstm(part: Part) -> None:
    """Cells with gates."""
    _scan(part, ("h", "c"), _lstm_step, part.y)


@exports("RNN")
def rnn(part: Part) -> None:
    """A state through tanh, and outputs of it through tanh again."""
    states = _scan(part, ("h",), _rnn_step, None)
    weight, bias = part.weights["weight_o"], part.weights["bias_o"]
    part.add("Tanh", part.add("Add", part.add("MatMul", states, _turned(weight)), bias), to=part.y)


@exports("LSTMUnit")
def lstm_unit(part: Part) -> None:
    """One step, of which the sums are a bottom."""
    before, x, cont = part.bottoms
    cell, hidden = _cell(part, x, part.add("Unsqueeze", cont, [2]), before)
    for value, top in zip((cell, hidden), part.tops, strict=True):
        part.add("Identity", value, to=top)


def _lstm_step(part: Part, sums: str, cont: str, states: list[str]) -> tuple[list[str], str]:
    h, c = states
    cell, hidden = _cell(part, _summed(part, sums, cont, h), cont, c)
    return [hidden, cell], hidden


def _rnn_step(part: Part, sums: str, cont: str, states: list[str]) -> tuple[list[str], str]:
    hidden = part.add("Tanh", _summed(part, sums, cont, states[0]))
    return [hidden], hidden


def _summed(part: Part, sums: str, cont: str, h: str) -> str:
    """``sums + W_h (cont h)``."""
    kept = part.add("Mul", cont, h)
    return part.add("Add", sums, part.add("MatMul", kept, _turned(part.weights["weight_h"])))


def _cell(part: Part, sums: str, cont: str, before: str) -> tuple[str, str]:
    """Return the cells and outputs of ``LSTMUnit``."""
    units = part.top_shapes[0][-1]
    gates = part.several("Split", [sums, [units] * 4], [None] * 4, axis=-1)
    enter, keep, leave = (part.add("Sigmoid", gate) for gate in gates[:3])
    kept = part.add("Mul", part.add("Mul", cont, keep), before)
    cell = part.add("Add", kept, part.add("Mul", enter, part.add("Tanh", gates[3])))
    return cell, part.add("Mul", leave, part.add("Tanh", cell))


def _scan(part: Part, states: Sequence[str], step: Step, to: str | None) -> str:
    """Go through the time steps; returns what each makes, (T, N, units)."""
    static, first = part.layer.split(part.bottoms[2:])
    shape = (part.x_shape[1], part.layer.num_output)
    if part.layer.expose_hidden:
        before, after = list(first), list(part.tops[1:])
    else:
        kept = [part.state(name, (1, *shape)) for name in states]
        before, after = [s.before for s in kept], [s.after for s in kept]
    sums, cont = _sums(part, static), part.add("Unsqueeze", part.bottoms[1], [2])
    body = part.body.inner()
    inner = part.inside(body)
    names = [f"{part.name}/step/{name}" for name in (*states, "sums", "cont")]
    shapes = [*[shape] * len(states), (shape[0], part.weights["bias"].size), (shape[0], 1)]
    body.inputs = [Port(n, s) for n, s in zip(names, shapes, strict=True)]
    made, seen = step(inner, names[-2], names[-1], names[: len(states)])
    ends = [*made, inner.add("Identity", seen)]
    body.outputs = [Port(name, shape) for name in ends]
    rows = [part.add("Squeeze", b, [0]) for b in before]
    *last, y = part.several(
        "Scan", [*rows, sums, cont], [*[None] * len(states), to], body=body, num_scan_inputs=2
    )
    for value, top in zip(last, after, strict=True):
        part.add("Unsqueeze", value, [0], to=top)
    return y


def _sums(part: Part, static: str | None) -> str:
    """Return what goes into the gates at every step, but for the state: (T, N, sums)."""
    steps, streams = part.x_shape[:2]
    x = part.reshape(part.x, (steps, streams, Shape(part.x_shape[2:]).size))
    sums = part.add("MatMul", x, _turned(part.weights["weight_x"]))
    sums = part.add("Add", sums, part.weights["bias"])
    if static is None:
        return sums
    row = part.add("MatMul", part.add("Flatten", static, axis=1), _turned(part.weights["weight_s"]))
    return part.add("Add", sums, row)


def _turned(weight: Array) -> Array:
    return np.ascontiguousarray(weight.T)

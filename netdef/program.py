"""Stage 4, ``record``: forward and backward as two straight lists of calls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from netdef.errors import at
from netdef.gradient import Flow, flows
from netdef.graph import Graph, Node
from netdef.infer import Shapes
from netdef.layer import Grad
from netdef.ops import Arrays, Ops
from netdef.shape import Shape


@dataclass(frozen=True, eq=False)
class Value:
    """An array that does not exist yet.

    ``kind`` is blob, diff (a blob's gradient), weight, grad (a weight's gradient),
    saved (a layer's own) or temporary.
    """

    kind: str
    name: str
    shape: Shape
    dtype: str = "float32"
    first: Any = None
    """Of a saved array: what it begins with, if it lasts from pass to pass."""

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.shape.size

    @property
    def bytes(self) -> int:
        """The memory it takes."""
        return self.shape.size * np.dtype(self.dtype).itemsize

    def reshape(self, *shape: Any) -> "View":
        """Look at it in another shape; one axis may be -1."""
        return View(self, ()).reshape(*shape)

    def transpose(self, *axes: int) -> "View":
        """Look at it with its axes in another order."""
        return View(self, ()).transpose(*axes)

    def __getitem__(self, key: Any) -> "View":
        return View(self, ())[key]

    def __str__(self) -> str:
        return {"diff": "d ", "grad": "d "}.get(self.kind, "") + self.name


@dataclass(frozen=True, eq=False)
class View:
    """A value in another shape, or a part of it: a few steps from the whole array."""

    base: Value
    steps: tuple[tuple[str, Any], ...]
    shape: Shape = field(init=False)

    def __post_init__(self) -> None:
        shape = self.of(np.broadcast_to(np.empty(()), self.base.shape), is_shape_only=True).shape
        object.__setattr__(self, "shape", Shape(shape))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.shape.size

    @property
    def dtype(self) -> str:
        """The type of the elements."""
        return self.base.dtype

    def reshape(self, *shape: Any) -> "View":
        """Look at it in another shape; one axis may be -1."""
        flat = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return View(self.base, (*self.steps, ("reshape", tuple(flat))))

    def transpose(self, *axes: int) -> "View":
        """Look at it with its axes in another order."""
        return View(self.base, (*self.steps, ("axes", axes)))

    def __getitem__(self, key: Any) -> "View":
        return View(self.base, (*self.steps, ("part", key)))

    def of(self, array: Any, is_shape_only: bool = False) -> Any:
        """Apply the steps to the whole array, without a copy.

        Raises:
            ValueError: the array's memory order allows no such view.
        """
        for step, what in self.steps:
            if step == "part":
                array = array[what]
            elif step == "axes":
                array = array.transpose(what)
            else:
                array = _reshaped(array, what, is_shape_only)
        return array

    def __str__(self) -> str:
        return f"{self.base}{self.shape}"


def _reshaped(array: Any, shape: tuple[int, ...], is_shape_only: bool) -> Any:
    if is_shape_only:
        return array.reshape(shape)
    view = array.view()
    view.shape = Shape(np.broadcast_to(np.empty(()), array.shape).reshape(shape).shape)
    return view


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
        return "add_to" in self.writes

    def read_values(self) -> Iterator[Value]:
        """Yield every value it reads, whole or in part."""
        yield from _values(self.reads)
        if self.adds:
            yield from _values(self.writes)

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
    """Blob ids whose diff nobody computes: set to the loss weight, or by the user."""


def record(graph: Graph, shapes: Shapes, backward: bool = True) -> Program:
    """Run every layer's ``forward`` and ``backward`` once on values, and write down the calls."""
    recorder = _Recorder(graph, shapes)
    for i, node in enumerate(graph.nodes):
        recorder.node = i
        with at(str(node)):
            for one in recorder.parts(node):
                one.forward(recorder)
    recorder.calls, forward = [], recorder.calls
    into = flows(graph, shapes) if backward else {}
    for i, node in reversed(list(enumerate(graph.nodes))):
        if into.get(node.name):
            recorder.node = i
            with at(str(node)):
                recorder.backward(node, into[node.name])
    r = recorder
    return Program(
        graph, shapes, tuple(forward), tuple(r.calls), r.blobs, r.diffs, r.weights, r.seeds
    )


class _Recorder(Ops):
    def __init__(self, graph: Graph, shapes: Shapes) -> None:
        self.shapes, self.names = shapes, [n.name for n in graph.nodes]
        self.calls: list[Call] = []
        self.node = 0
        self.blobs = {i: Value("blob", i, shape) for i, shape in shapes.blobs.items()}
        self.weights = {
            p.key: Value("weight", p.owner, Shape(p.weight.shape))
            for params in shapes.params.values()
            for p in params
        }
        self.grads = {k: Value("grad", w.name, w.shape) for k, w in self.weights.items()}
        self.saved = {
            f"{layer}.{s.name}": Value(
                "saved", f"{layer}.{s.name}", Shape(s.shape), s.dtype, s.first
            )
            for layer, arrays in shapes.saved.items()
            for s in arrays
        }
        self.diffs: dict[str, Value] = {}
        self.seeds: dict[str, float] = {}

    def emit(self, primitive: str, reads: Arrays, writes: Arrays, **options: Any) -> None:
        if "stream" in options:
            options["stream"] = f"{self.names[self.node]}/{options['stream']}"
        self.calls.append(Call(primitive, self.node, dict(reads), dict(writes), options))

    def parts(self, node: Node) -> "list[_Part]":
        """Return the node as one part, or as one for each bottom if they are mapped each."""
        if not node.layer.maps_each_bottom:
            return [_Part(self, node, node.bottoms, node.tops, "")]
        pairs = enumerate(zip(node.bottoms, node.tops, strict=True))
        return [_Part(self, node, (b,), (t,), f".{i}" if i else "") for i, (b, t) in pairs]

    def backward(self, node: Node, flow: Flow) -> None:
        for top, weight in zip(node.tops, node.loss_weights, strict=True):
            if top not in self.diffs:
                self.diffs[top] = Value("diff", top, self.blobs[top].shape)
                self.seeds[top] = weight
            elif weight and top not in self.seeds:
                self.map("weight", weight=weight, add_to=self.diffs[top])
        wanted = dict(zip(node.bottoms, flow.into_bottoms, strict=True))
        for part in self.parts(node):
            sums: list[tuple[Value, Value]] = []
            grads = [self.gradient_of(b, sums) if wanted[b] else None for b in part.bottoms]
            part.backward(self, grads, flow.into_weights)
            for temporary, diff in sums:
                self.map("x", x=temporary, add_to=diff)

    def gradient_of(self, blob: str, sums: list[tuple[Value, Value]]) -> Value:
        """Return what to write the gradient to: a temporary if the blob has one already."""
        shape = self.blobs[blob].shape
        if blob not in self.diffs:
            self.diffs[blob] = Value("diff", blob, shape)
            return self.diffs[blob]
        temporary = Value(
            "temporary", f"d {blob} of {self.node}.{len(self.calls)}.{len(sums)}", shape
        )
        sums.append((temporary, self.diffs[blob]))
        return temporary


@dataclass(frozen=True)
class _Part:
    """A layer on the bottoms and tops of one call of its ``forward``."""

    values: _Recorder
    node: Node
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    suffix: str

    def arrays(self) -> dict[str, Any]:
        layer, v = self.node.layer, self.values
        bottoms, tops = [v.blobs[b] for b in self.bottoms], [v.blobs[t] for t in self.tops]
        named = layer.bottom_ports().name(bottoms) | layer.top_ports().name(tops)
        named["all_tops"] = tuple(tops)
        params = v.shapes.params[self.node.name]
        named["all_weights"] = tuple(v.weights[param.key] for param in params)
        for param in params:
            named[param.weight.name] = v.weights[param.key]
        for s in v.shapes.saved[self.node.name]:
            if s.name.endswith(self.suffix):
                key = f"{self.node.name}.{s.name}"
                named[s.name.removesuffix(self.suffix)] = v.saved[key]
        return named

    def forward(self, ops: Ops) -> None:
        arrays, wants = self.arrays(), self.node.layer.wants("forward")
        self.node.layer.forward(ops, **{k: a for k, a in arrays.items() if k in wants})

    def backward(self, ops: Ops, grads: list[Value | None], into_weights: tuple[bool, ...]) -> None:
        layer, v = self.node.layer, self.values
        named = layer.bottom_ports().name(grads)
        for param, is_in in zip(v.shapes.params[self.node.name], into_weights, strict=True):
            named[param.weight.name] = v.grads[param.key] if is_in else None
        diffs = layer.top_ports().name([v.diffs[t] for t in self.tops])
        arrays = self.arrays() | {f"d{name}": d for name, d in diffs.items()}
        wants = layer.wants("backward")
        assert layer.backward is not None
        layer.backward(ops, grad=Grad(**named), **{k: a for k, a in arrays.items() if k in wants})

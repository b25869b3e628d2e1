"""Stage 4, ``record``: the calls of every layer's ``forward`` and ``backward``."""

from dataclasses import dataclass
from typing import Any

from netdef.errors import at
from netdef.gradient import Flow, flows
from netdef.graph import Graph, Node
from netdef.infer import Shapes
from netdef.layer import Grad
from netdef.ops import Arrays, Ops
from netdef.program import Call, Program
from netdef.shape import Shape
from netdef.values import Value


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
                # An array, not a number in the call: solvers scale it.
                own = f"{top} as a loss"
                self.diffs[own] = Value("diff", own, self.blobs[top].shape)
                self.seeds[own] = weight
                self.map("x", x=self.diffs[own], add_to=self.diffs[top])
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

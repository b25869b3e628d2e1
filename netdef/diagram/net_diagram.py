"""The diagram of a net: of one phase, or of both in one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from netdef.counting import multiply_adds_by_node
from netdef.diagram.diagram import Box, Diagram, Edge
from netdef.diagram.given_shapes import with_given_shapes
from netdef.diagram.layer_lines import (
    field_lines,
    kind_of,
    rate_lines,
    rates,
    shape_text,
    weight_lines,
)
from netdef.errors import NetdefError
from netdef.graph import Graph, Node, build, is_included
from netdef.infer import Shapes, infer
from netdef.proto import NetState, Phase
from netdef.prototxt import NetText
from netdef.record import record


@dataclass(frozen=True)
class PhaseDiagram:
    """The diagram of one phase, and why it has no shapes, if it has none."""

    phase: str
    diagram: Diagram
    shapeless: str = ""


def phase_diagram(
    text: NetText, state: NetState, given: Mapping[str, Sequence[int]] | None = None
) -> PhaseDiagram:
    """Return the layers of one state, what they make and what is said of them.

    Where shapes cannot be found, for a database is not there or shapes do not fit together, the
    diagram is without them, and ``shapeless`` says why. ``given`` are shapes of what data layers
    make, whose data are not looked at then.

    Raises:
        ConfigError: the layers cannot be connected, or no data layer makes a blob of ``given``.
    """
    fed = with_given_shapes(text, given or {})
    graph = build(text, state.phase, state.level, state.stage)
    places = [i for i, proto in enumerate(text.net.layer) if is_included(proto, state)]
    keys = {node.name: f"layer{i}" for i, node in zip(places, graph.nodes, strict=True)}
    shapes, counts, shapeless = None, Counter[int](), ""
    try:
        fed_graph = build(fed, state.phase, state.level, state.stage)
        shapes = infer(fed_graph)
        counts = multiply_adds_by_node(record(fed_graph, shapes, backward=False).forward)
    except NetdefError as error:
        shapes, shapeless = None, str(error)
    boxes = [_box(node, keys[node.name], shapes, counts[i]) for i, node in enumerate(graph.nodes)]
    outputs, edges = _edges(graph, keys, shapes)
    diagram = Diagram(graph.name, (*boxes, *outputs), tuple(edges))
    return PhaseDiagram(Phase.Name(state.phase), diagram, shapeless)


def _box(node: Node, key: str, shapes: Shapes | None, multiply_adds: int) -> Box:
    params = None if shapes is None else shapes.params[node.name]
    own = rates(node, params)
    lines = [node.type, *field_lines(node), *weight_lines(node, params or (), multiply_adds)]
    is_in_place = any("@" in top and top.endswith(f"@{node.name}") for top in node.tops)
    return Box(
        key=key,
        title=node.name,
        lines=(*lines, *rate_lines(own), *(["in place"] if is_in_place else [])),
        kind=kind_of(node, params or ()),
        is_frozen=bool(own) and not any(own),
        is_in_place=is_in_place,
    )


def _edges(
    graph: Graph, keys: Mapping[str, str], shapes: Shapes | None
) -> tuple[list[Box], list[Edge]]:
    """Return the edges, and a box for each blob that no layer reads."""
    makers = {top: node for node in graph.nodes for top in node.tops}
    edges = []
    for node in graph.nodes:
        for bottom in node.bottoms:
            lines = _blob_lines(bottom, makers[bottom], shapes)
            edges.append(Edge(keys[makers[bottom].name], keys[node.name], lines))
    outputs = []
    for name in graph.outputs:
        maker = makers[graph.blobs[name]]
        key = f"{keys[maker.name]}.{name}"
        lines = () if shapes is None else (shape_text(shapes.blobs[graph.blobs[name]]),)
        outputs.append(Box(key, name, lines, "blob"))
        edges.append(Edge(keys[maker.name], key, ()))
    return outputs, edges


def _blob_lines(blob: str, maker: Node, shapes: Shapes | None) -> tuple[str, ...]:
    """Return a blob's name, if it is not that of its layer, and its shape."""
    name, _, _ = blob.partition("@")
    named = () if name == maker.name or "@" in blob else (name,)
    return named if shapes is None else (*named, shape_text(shapes.blobs[blob]))


def both_phases(train: Diagram, test: Diagram) -> Diagram:
    """Return one diagram of two phases of a net; what one of them lacks bears the other's name."""
    own = {"TRAIN": {b.key: b for b in train.boxes}, "TEST": {b.key: b for b in test.boxes}}
    keys = sorted({**own["TRAIN"], **own["TEST"]}, key=_place)
    boxes = [_joined_box([(p, own[p][k]) for p in own if k in own[p]]) for k in keys]
    ends: dict[tuple[str, str, int], list[tuple[str, Edge]]] = {}
    for phase, diagram in (("TRAIN", train), ("TEST", test)):
        seen: dict[tuple[str, str], int] = {}
        for edge in diagram.edges:
            number = seen[edge.tail, edge.head] = seen.get((edge.tail, edge.head), 0) + 1
            ends.setdefault((edge.tail, edge.head, number), []).append((phase, edge))
    edges = [
        Edge(tail, head, _joined_lines([(p, e.lines) for p, e in found]), _phase(found))
        for (tail, head, _), found in ends.items()
    ]
    return Diagram(train.name, tuple(boxes), tuple(edges), has_both_phases=True)


def _place(key: str) -> tuple[int, str]:
    layer, _, blob = key.removeprefix("layer").partition(".")
    return int(layer), blob


def _joined_box(found: Sequence[tuple[str, Box]]) -> Box:
    first = found[0][1]
    return Box(
        key=first.key,
        title=first.title,
        lines=_joined_lines([(p, b.lines) for p, b in found]),
        kind=first.kind,
        phase=_phase(found),
        is_frozen=all(b.is_frozen for _, b in found),
        is_in_place=first.is_in_place,
    )


def _phase(found: Sequence[tuple[str, object]]) -> str:
    return found[0][0] if len(found) == 1 else ""


def _joined_lines(found: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """Return the lines of both phases; where they differ, each with its phase."""
    joined: list[str] = []
    for lines in zip_longest(*(own for _, own in found)):
        if len(set(lines)) == 1:
            joined.append(lines[0])
            continue
        phases = [phase for phase, _ in found]
        joined += [f"{p}: {line}" for p, line in zip(phases, lines, strict=True) if line]
    return tuple(joined)

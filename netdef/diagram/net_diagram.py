"""The diagram of one phase of a net."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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

"""Who needs a gradient: which layers run backward, and into which of their bottoms."""

from collections.abc import Sequence
from dataclasses import dataclass

from netdef.errors import ConfigError, at
from netdef.graph import Graph, Node
from netdef.infer import Shapes


@dataclass(frozen=True)
class Flow:
    """What a layer's backward has to make."""

    into_bottoms: tuple[bool, ...]
    into_weights: tuple[bool, ...]

    def __bool__(self) -> bool:
        return any(self.into_bottoms) or any(self.into_weights)


def flows(graph: Graph, shapes: Shapes) -> dict[str, Flow]:
    """Return the flow of every layer by its name.

    A gradient flows into a bottom if below it lies something that is learned, and if the
    layer lies under a loss; ``propagate_down`` and ``force_backward`` say otherwise, as
    in Caffe. ``lr_mult: 0`` on all weights of the first layers so prunes backward.

    Raises:
        ConfigError: a gradient would have to pass through a layer that has none.
    """
    wanted = _wanted_from_below(graph, shapes)
    found: dict[str, Flow] = {}
    under_loss: set[str] = set()
    for node in reversed(graph.nodes):
        is_under = graph.force_backward or any(
            weight != 0 or top in under_loss
            for top, weight in zip(node.tops, node.loss_weights, strict=True)
        )
        into_weights = tuple(p.is_learned and is_under for p in shapes.params[node.name])
        into_bottoms = tuple(w and is_under for w in wanted[node.name])
        flow = Flow(into_bottoms, into_weights)
        if flow and node.layer.backward is None:
            flow = _stop(node, flow, graph.force_backward)
        under_loss.update(
            b for b, is_in in zip(node.bottoms, flow.into_bottoms, strict=True) if is_in
        )
        found[node.name] = flow
    return found


def _wanted_from_below(graph: Graph, shapes: Shapes) -> dict[str, tuple[bool, ...]]:
    """Return for every layer which of its bottoms lead down to something learned."""
    leads_down: dict[str, bool] = {}
    wanted: dict[str, tuple[bool, ...]] = {}
    for node in graph.nodes:
        into: Sequence[bool] = node.propagate_down or [leads_down[b] for b in node.bottoms]
        if graph.force_backward:
            into = [True] * len(node.bottoms)
        ports = node.layer.bottom_ports()
        wanted[node.name] = tuple(
            flag
            and (
                ports.is_variadic
                or ports.names[i % len(ports.names)] not in node.layer.without_gradient
            )
            for i, flag in enumerate(into)
        )
        learns = any(p.is_learned for p in shapes.params[node.name])
        for top in node.tops:
            leads_down[top] = learns or any(wanted[node.name]) or graph.force_backward
    return wanted


def _stop(node: Node, flow: Flow, is_forced: bool) -> Flow:
    if not is_forced and not node.propagate_down:
        with at(str(node)):
            raise ConfigError(
                "has no gradient, but stands between a loss and weights that are learned;"
                " set propagate_down: false to stop the gradient here"
            )
    return Flow((False,) * len(flow.into_bottoms), (False,) * len(flow.into_weights))

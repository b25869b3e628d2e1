"""The stages of a net as tables of text."""

from collections.abc import Sequence
from itertools import groupby

from netdef.counting import multiply_adds, multiply_adds_by_node
from netdef.engines import Choice
from netdef.graph import Graph
from netdef.plan import Plan
from netdef.program import Call, Program
from netdef.table import Row, bytes_in_words, table
from netdef.values import Value


def show_graph(graph: Graph) -> str:
    """Return the layers, what they read and make, and the line each is written at."""
    rows = [
        (n.name, n.type, _joined(n.bottoms), "->", _joined(n.tops), n.where) for n in graph.nodes
    ]
    found = table(("layer", "type", "bottoms", "", "tops", "where"), rows)
    return "\n".join(
        [
            found,
            "",
            f"{len(rows)} layers for {'training' if graph.training else 'testing'}",
            f"inputs   {_joined(graph.inputs) or 'none: it reads its own data'}",
            f"outputs  {_joined(graph.outputs) or 'none'}",
        ]
    )


def show_shapes(program: Program) -> str:
    """Return what each layer makes: shapes, and how many weights, bytes and multiply-adds.

    Weights that several layers share count where they are first used. Bytes are those of the
    tops and of the weights, in float32; multiply-adds those of one pass forward.
    """
    shapes, counts = program.shapes, multiply_adds_by_node(program.forward)
    rows: list[Row] = []
    for i, node in enumerate(program.graph.nodes):
        tops = [shapes.blobs[t] for t in node.tops]
        params = [p for p in shapes.params[node.name] if p.is_owner]
        weights = sum(_size(p.weight.shape) for p in params)
        memory = 4 * (weights + sum(t.size for t in tops))
        rows.append((node.name, node.type, _joined(tops), weights, memory, counts[i]))
    sums = [sum(int(str(row[column])) for row in rows) for column in (3, 4, 5)]
    head = ("layer", "type", "shapes of its tops", "weights", "bytes", "multiply-adds")
    return table(head, rows, ("total", "", "", *sums))


def show_program(program: Program) -> str:
    """Return the calls of one pass forward and one backward, with their multiply-adds."""
    parts = []
    for title, calls in (("forward", program.forward), ("backward", program.backward)):
        rows = [(_layer(program, c), str(c), multiply_adds(c)) for c in calls]
        total = ("total", "", sum(multiply_adds(c) for c in calls))
        parts.append(table((title, "call", "multiply-adds"), rows, total) if rows else "")
    return "\n\n".join(part for part in parts if part)


def show_plan(plan: Plan) -> str:
    """Return the engine and the place in memory of each call, and what sharing memory saves."""
    count = len(plan.forward)
    parts = [
        _steps(plan, "forward", plan.forward, plan.choices[:count]),
        _steps(plan, "backward", plan.backward, plan.choices[count:]),
        show_graphs(plan),
        show_memory(plan),
    ]
    return "\n\n".join(part for part in parts if part)


def _steps(plan: Plan, title: str, calls: Sequence[Call], choices: Sequence[Choice]) -> str:
    rows = [
        (_layer(plan.program, call), str(call), _offsets(plan, call), str(choice))
        for call, choice in zip(calls, choices, strict=True)
    ]
    return table((title, "call", "written at", "engine"), rows) if rows else ""


def _offsets(plan: Plan, call: Call) -> str:
    return ", ".join(_place(plan, value) for value in call.written_values())


def _place(plan: Plan, value: Value) -> str:
    return f"{plan.slots[value].offset:,}" if value in plan.slots else f"{value.kind}s"


def show_graphs(plan: Plan) -> str:
    """Return how many CUDA graphs the passes are captured as, and which calls run between them.

    Nothing, if none can be captured: on the CPU.
    """
    if not any(choice.only_launches for choice in plan.choices):
        return ""
    count = len(plan.forward)
    rows = []
    for title, calls, choices in (
        ("forward", plan.forward[plan.settled :], plan.choices[plan.settled : count]),
        ("backward", plan.backward, plan.choices[count:]),
    ):
        groups = groupby(zip(calls, choices, strict=True), lambda step: step[1].only_launches)
        graphs = between = 0
        layers: dict[str, list[str]] = {}
        for is_graph, steps in groups:
            graphs += is_graph
            for call, _ in steps if not is_graph else ():
                between += 1
                layers.setdefault(call.primitive, []).append(_layer(plan.program, call))
        found = ", ".join(f"{name} ({_first_of(each)})" for name, each in layers.items())
        rows.append((title, graphs, len(calls) - between, between, found or "none"))
    head = ("CUDA graphs of", "graphs", "calls in them", "others", "which run one by one")
    return table(head, [row for row in rows if row[2] + row[3]])


def _first_of(layers: Sequence[str], most: int = 3) -> str:
    names = list(dict.fromkeys(layers))
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])


def show_memory(plan: Plan) -> str:
    """Return what the arrays, the scratch memory and the weights of a plan take."""
    together, apart = plan.arena_bytes, plan.values_bytes
    saved = f", {1 - together / apart:.0%} less than apart" if apart else ""
    return "\n".join(
        [
            f"arena    {together:,} bytes for {len(plan.slots)} arrays of {apart:,} bytes{saved}",
            f"scratch  {plan.scratch_bytes:,} bytes, shared by all calls",
            f"weights  {plan.weight_bytes:,} bytes, and as many for their gradients",
            f"in all   {bytes_in_words(together + plan.scratch_bytes + 2 * plan.weight_bytes)}",
        ]
    )


def _layer(program: Program, call: Call) -> str:
    return program.graph.nodes[call.node].name


def _joined(things: Sequence[object]) -> str:
    return ", ".join(map(str, things))


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size

"""One diagram of both phases of a net."""

from collections.abc import Sequence
from itertools import zip_longest

from netdef.diagram.diagram import Box, Diagram, Edge


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

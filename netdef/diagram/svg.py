"""Diagrams as SVG, laid out by netdef itself."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from math import ceil

from netdef.diagram.diagram import PHASE_COLORS, Box, Diagram, Edge
from netdef.diagram.layered import Point, lay_out

_LINE, _MARGIN = 14, 8
_LETTER = 6.6
"""Pixels: the mean width of a letter of 11 pixels."""
_GAP, _RANK_GAP = 24, 44
_BOLD = ' font-weight="bold"'


def svg_text(diagram: Diagram, rankdir: str = "TB") -> str:
    """Return the element ``svg``; ``rankdir`` is where the net goes: TB, BT, LR or RL.

    Its groups have the class ``box``, with the box's key as id, or ``edge``, with ``data-tail``
    and ``data-head``.
    """
    is_flat = rankdir in ("LR", "RL")
    sizes = {box.key: _size(box) for box in diagram.boxes}
    label = max((_width(edge.lines) for edge in diagram.edges), default=0.0)
    layout = lay_out(
        {key: size[::-1] if is_flat else size for key, size in sizes.items()},
        [(edge.tail, edge.head) for edge in diagram.edges],
        _GAP,
        max(_RANK_GAP, label + _GAP) if is_flat else _RANK_GAP,
    )
    across, along = layout.size

    def turned(point: Point) -> Point:
        """Turn a place of the layout to where the picture goes."""
        a, b = point[0], along - point[1] if rankdir in ("BT", "RL") else point[1]
        return (b + _MARGIN, a + _MARGIN) if is_flat else (a + _MARGIN, b + _MARGIN)

    middles = {key: turned(place) for key, place in layout.places.items()}
    parts = []
    for edge in diagram.edges:
        bends = [turned(point) for point in layout.bends[edge.tail, edge.head]]
        points = [middles[edge.tail], *bends, middles[edge.head]]
        parts.append(_edge(edge, points, sizes, is_flat))
    parts += [_box(box, middles[box.key], sizes[box.key]) for box in diagram.boxes]
    width, height = (along, across) if is_flat else (across, along)
    room = 2 * _MARGIN + (0 if is_flat else label)
    drawn = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{ceil(width + room)}"'
        f' height="{ceil(height + room)}">\n<defs>{_markers()}</defs>\n{drawn}\n</svg>'
    )


def _markers() -> str:
    return "".join(
        f'<marker id="arrow{phase}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
        ' markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{color}"/></marker>'
        for phase, color in PHASE_COLORS.items()
    )


def _width(lines: Sequence[str]) -> float:
    return _LETTER * max(map(len, lines), default=0)


def _size(box: Box) -> Point:
    lines = (box.title, *box.lines)
    return _width(lines) + 2 * _MARGIN, len(lines) * _LINE + _MARGIN


def _box(box: Box, middle: Point, size: Point) -> str:
    (x, y), (width, height) = middle, size
    round_ = height / 2 if box.kind == "blob" else 10 if box.is_in_place else 0
    dashes = ' stroke-dasharray="5 3"' if box.is_frozen else ""
    top = y - height / 2 + _LINE
    lines = "".join(
        f'<text x="{x:.1f}" y="{top + i * _LINE:.1f}"{"" if i else _BOLD}>{escape(line)}</text>'
        for i, line in enumerate((box.title, *box.lines))
    )
    return (
        f'<g class="box" id="{escape(box.key)}"><rect x="{x - width / 2:.1f}"'
        f' y="{y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round_:.0f}"'
        f' fill="{box.color}" stroke="{PHASE_COLORS[box.phase]}"'
        f' stroke-width="{2 if box.phase else 1}"{dashes}/>{lines}</g>'
    )


def _edge(edge: Edge, points: list[Point], sizes: dict[str, Point], is_flat: bool) -> str:
    """Return a smooth line through the points, from the border of one box to that of another."""
    axis = 0 if is_flat else 1
    ahead = 1 if points[-1][axis] > points[0][axis] else -1
    first, last = list(points[0]), list(points[-1])
    first[axis] += ahead * sizes[edge.tail][axis] / 2
    last[axis] -= ahead * sizes[edge.head][axis] / 2
    through = [(first[0], first[1]), *points[1:-1], (last[0], last[1])]
    path = f"M{_at(through[0])}"
    for (x, y), (next_x, next_y) in pairwise(through):
        middle = (x + next_x) / 2 if is_flat else (y + next_y) / 2
        bows = ((middle, y), (middle, next_y)) if is_flat else ((x, middle), (next_x, middle))
        path += f" C{_at(bows[0])} {_at(bows[1])} {_at((next_x, next_y))}"
    # The label stands where the edge leaves its box's neighbourhood.
    (x, y), (next_x, next_y) = through[0], through[1]
    x, y = (x + 4, (y + next_y) / 2 - 4) if is_flat else ((x + next_x) / 2 + 4, (y + next_y) / 2)
    label = "".join(
        f'<text x="{x:.1f}" y="{y + i * _LINE:.1f}">{escape(line)}</text>'
        for i, line in enumerate(edge.lines)
    )
    return (
        f'<g class="edge" data-tail="{escape(edge.tail)}" data-head="{escape(edge.head)}">'
        f'<path d="{path}" stroke="{PHASE_COLORS[edge.phase]}"'
        f' marker-end="url(#arrow{edge.phase})"/>{label}</g>'
    )


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"

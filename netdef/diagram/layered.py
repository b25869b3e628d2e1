"""Boxes laid out in ranks, so that edges go one way and cross seldom.

Ranks by the longest path, order in a rank by the mean place of the neighbours, places by least
squares: the steps of Sugiyama, Tagawa and Toda (1981), each in its plainest form.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 12
_BEND = 10.0
"""Breadth that a long edge takes in the ranks it passes."""

Edge = tuple[str, str]
Point = tuple[float, float]


@dataclass
class Layout:
    """The middles of boxes, the points that edges go through between their boxes, and the size.

    Places are (across, along) the direction of the net, in the unit of the boxes' sizes.
    """

    places: dict[str, Point] = field(default_factory=dict)
    bends: dict[Edge, list[Point]] = field(default_factory=dict)
    size: Point = (0.0, 0.0)


def lay_out(
    sizes: Mapping[str, Point], edges: Sequence[Edge], gap: float, rank_gap: float
) -> Layout:
    """Place boxes of sizes (across, along), ``gap`` apart in a rank and ``rank_gap`` between them.

    The boxes come in an order in which no edge goes back.
    """
    edges = list(dict.fromkeys(edges))
    rank = _ranks(list(sizes), edges)
    breadth = {key: size[0] for key, size in sizes.items()}
    bends, links = _bend(edges, rank, breadth)
    rows: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for key in breadth:
        rows[rank[key]].append(key)
    before, after = defaultdict(list), defaultdict(list)
    for tail, head in links:
        before[head].append(tail)
        after[tail].append(head)
    across: dict[str, float] = {}
    for row in rows:
        _spread(row, {k: float(i) for i, k in enumerate(row)}, breadth, gap, across)
    for sweep in range(2 * _SWEEPS):
        near, order = (before, rows) if sweep % 2 == 0 else (after, rows[::-1])
        for row in order:
            wanted = {k: _mean([across[n] for n in near[k]], across[k]) for k in row}
            if sweep < _SWEEPS:
                row.sort(key=lambda k: wanted[k])
            _spread(row, wanted, breadth, gap, across)
    return _layout(sizes, rows, bends, across, breadth, rank_gap)


def _ranks(keys: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Return each box's rank: one more than the last one it reads.

    A box that reads none stands right before the first that reads it.
    """
    readers, makers = defaultdict(list), defaultdict(list)
    for tail, head in edges:
        readers[tail].append(head)
        makers[head].append(tail)
    rank: dict[str, int] = {}
    for key in keys:
        rank[key] = max((rank[m] + 1 for m in makers[key]), default=0)
    for key in keys:
        if not makers[key] and readers[key]:
            rank[key] = min(rank[r] for r in readers[key]) - 1
    return rank


def _bend(
    edges: Sequence[Edge], rank: dict[str, int], breadth: dict[str, float]
) -> tuple[dict[Edge, list[str]], list[Edge]]:
    """Put a bend into every rank that an edge passes; return those of each edge, and all links."""
    bends: dict[Edge, list[str]] = {}
    links = []
    for tail, head in edges:
        own = [f"{tail} {head} {r}" for r in range(rank[tail] + 1, rank[head])]
        bends[tail, head] = own
        for r, key in enumerate(own, rank[tail] + 1):
            rank[key], breadth[key] = r, _BEND
        chain = [tail, *own, head]
        links += list(pairwise(chain))
    return bends, links


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _spread(
    row: Sequence[str],
    wanted: Mapping[str, float],
    breadth: Mapping[str, float],
    gap: float,
    across: dict[str, float],
) -> None:
    """Place a row as near to what is wanted, in least squares, as its order and sizes allow.

    Less the room that those before it take, places must not fall: an isotonic regression, found
    by pooling neighbours that would.
    """
    offset, offsets = 0.0, []
    pools: list[tuple[float, int]] = []  # mean, boxes
    for i, key in enumerate(row):
        if i:
            offset += (breadth[row[i - 1]] + breadth[key]) / 2 + gap
        offsets.append(offset)
        mean, count = wanted[key] - offset, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean = (mean * count + other * more) / (count + more)
            count += more
        pools.append((mean, count))
    means = [mean for mean, count in pools for _ in range(count)]
    for key, mean, offset in zip(row, means, offsets, strict=True):
        across[key] = mean + offset


def _layout(
    sizes: Mapping[str, Point],
    rows: Sequence[Sequence[str]],
    bends: Mapping[Edge, Sequence[str]],
    across: Mapping[str, float],
    breadth: Mapping[str, float],
    rank_gap: float,
) -> Layout:
    left = min((across[k] - breadth[k] / 2 for k in breadth), default=0.0)
    right = max((across[k] + breadth[k] / 2 for k in breadth), default=0.0)
    along, places = 0.0, dict[str, Point]()
    for row in rows:
        depth = max((sizes[k][1] for k in row if k in sizes), default=0.0)
        places |= {k: (across[k] - left, along + depth / 2) for k in row}
        along += depth + rank_gap
    return Layout(
        {k: places[k] for k in sizes},
        {edge: [places[k] for k in own] for edge, own in bends.items()},
        (right - left, max(along - rank_gap, 0.0)),
    )

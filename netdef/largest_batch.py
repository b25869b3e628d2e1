"""The largest batch that fits into memory, found by plans, which need none."""

from collections.abc import Callable, Sequence

from netdef.engines import Engine
from netdef.engines.numpy import NumpyEngine
from netdef.graph import Graph
from netdef.infer import Shapes
from netdef.plan import Plan
from netdef.shape import Shape

_MOST_GUESSES, _MOST_PLANS = 16, 6


def batch_of(graph: Graph, shapes: Shapes) -> int | None:
    """Return how many items the net takes at once; None if its sources do not agree."""
    firsts = {shape[0] if shape else 0 for shape in _sources(graph, shapes).values()}
    return firsts.pop() if len(firsts) == 1 else None


def with_batch(graph: Graph, shapes: Shapes, batch: int) -> dict[str, Shape]:
    """Return the shapes of all that the net takes in, for another batch."""
    return {top: Shape((batch, *s[1:])) for top, s in _sources(graph, shapes).items()}


def _sources(graph: Graph, shapes: Shapes) -> dict[str, Shape]:
    return {t: shapes.blobs[t] for node in graph.nodes if not node.bottoms for t in node.tops}


def largest_batch(
    batch: int,
    plan: Plan,
    free: int,
    arrays_of: Callable[[int], int],
    plan_of: Callable[[int], Plan],
) -> int:
    """Return the largest batch that was found to fit into ``free`` bytes, 0 if there is none.

    ``plan`` is that of ``batch``, which does not. ``arrays_of`` gives what the arrays of other
    batches take, and is quick; ``plan_of`` gives their plans, which tell the scratch memory
    too. That is taken to lie on a line through the last two plans, or through the last and 0.
    """
    before, last = (0, 0), (batch, plan.scratch_bytes)
    for _ in range(_MOST_PLANS):
        need = arrays_of(last[0]) + last[1]
        batch = max(
            _search(last[0], need, free, _more(arrays_of, start, last))
            for start in (before, (0, 0))
        )
        if batch == 0:
            break
        plan = plan_of(batch)
        if plan.arena_bytes + plan.scratch_bytes <= free:
            return batch
        before, last = last, (batch, plan.scratch_bytes)
    return 0


def _more(
    arrays_of: Callable[[int], int], one: tuple[int, int], other: tuple[int, int]
) -> Callable[[int], int]:
    """Return what a batch needs with scratch memory on the line through two known ones."""
    (x, y), (x2, y2) = one, other
    return lambda n: arrays_of(n) + max(y + (n - x) * (y2 - y) // (x2 - x), 0)


def _search(batch: int, need: int, free: int, need_of: Callable[[int], int]) -> int:
    """Return the largest batch below ``batch`` whose need is at most ``free`` bytes, 0 for none.

    What batches need lies about on a line, so where the line is at ``free`` is looked at next.
    It is not looked for longer than some guesses take; then the largest found is returned.
    """
    low, low_need, high, high_need = 0, 0, batch, need
    for step in range(_MOST_GUESSES):
        if high - low <= 1:
            break
        line = low + (free - low_need) * (high - low) // max(high_need - low_need, 1)
        guess = (low + high) // 2 if step % 3 == 2 else line
        guess = min(max(guess, low + 1), high - 1)
        found = need_of(guess)
        if found <= free:
            low, low_need = guess, found
        else:
            high, high_need = guess, found
    return low


class Sizing(NumpyEngine):
    """Plans in the place of other engines, to see quickly how much room the arrays take.

    Which engine runs a call does not change that; how images lie and in which type, it does.
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        super().__init__()
        self._first = engines[0]
        self.name = engines[0].name  # type: ignore[misc]
        self.takes_narrow = frozenset[str]().union(*(e.takes_narrow for e in engines))  # type: ignore[misc]

    def image_order(self, ndim: int) -> tuple[int, ...]:
        return self._first.image_order(ndim)

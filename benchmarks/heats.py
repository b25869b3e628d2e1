"""Heats and a final: many sides on a device whose memory does not hold all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import click
from contenders import Task
from results import result_of
from sides import Side
from turns import Taken, take_turns

from netdef.errors import RunError
from netdef.table import table

_CLOSE, _MOST = 1.1, 2
"""Who takes at most so many times as long as the fastest in the heats is in the final, and how
many they are: memory must hold them and netdef at once."""


@dataclass(frozen=True)
class Race:
    """What each side took alone, and what those took in turns that were in the final."""

    heats: list[Taken]
    final: list[Taken]


def race(net: str, mine: Side, others: Sequence[Side], rounds: int, seconds: float) -> Race:
    """Let each of the others run alone, then ``mine`` and the fastest of them take turns.

    One that may fail, and does in the final for want of memory, is not in it.

    Raises:
        RunError: a side that must not fail did, or all of the others.
    """
    heats = [found for side in others for found in take_turns(net, [side], 1, seconds)]
    if others and not heats:
        raise RunError(f"{net}: none of the {len(others)} other sides ran; see above why")
    least = min((_milliseconds(h) for h in heats), default=0.0)
    fastest = sorted((h for h in heats if _milliseconds(h) <= _CLOSE * least), key=_milliseconds)
    final = take_turns(net, [mine, *(h.side for h in fastest[:_MOST])], rounds, seconds)
    if fastest and len(final) == 1:
        click.echo(f"{net}: no other side ran beside netdef; see above why", err=True)
    return Race(heats, final)


def _milliseconds(taken: Taken) -> float:
    """Return the least of the pass that counts: the last one."""
    return min(list(taken.times.values())[-1])


def plain_ones(sides: Sequence[Side]) -> list[Side]:
    """Return the first of PyTorch's sides that is not compiled, which then must not fail."""
    plain = [side for side in sides if side.arguments[-1] is None]
    return [replace(side, may_fail=False) for side in plain[:1]]


def heat_table(task: Task, found: Race) -> str:
    """Return what each of the others took alone, fastest first; nothing if there were none."""
    results = sorted((result_of(task, t) for t in found.heats), key=lambda r: r.counts.median)
    rows = [
        (
            f"{r.name}, alone",
            *(r.counts.median, r.counts.minimum),
            *(round(r.images_per_second), round(r.peak_mb)),
        )
        for r in results
    ]
    return table(("", "ms", "min", "images/s", "peak MB"), rows) if rows else ""

"""Sides that take turns, so that what disturbs the machine disturbs all of them."""

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import click
from lane import Lane, Times
from sides import Side

from netdef.errors import RunError

_PAUSE = 0.1
"""Seconds between two sides, in which idle threads of the first stop spinning."""
_HOPELESS = 2.0
"""A side that takes so many times as long as the fastest of its form does not go on."""


@dataclass
class Taken:
    """What one side took: the milliseconds of all its runs, and what it says of itself."""

    side: Side
    times: Times = field(default_factory=dict)
    peak_mb: float = 0.0
    about: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Starter:
    """A side that is ready: its process, and the milliseconds of one run of each pass."""

    side: Side
    lane: Lane
    once: list[float]
    closing: ExitStack


def take_turns(net: str, sides: Sequence[Side], rounds: int, seconds: float) -> list[Taken]:
    """Let the sides take turns for so many rounds of about ``seconds`` each.

    Before, each runs a few times; those that cannot become the fastest of their form stay
    away, so that the time goes to those that count.

    Raises:
        RunError: a side that must not fail did.
    """
    starters: list[_Starter] = []
    with ExitStack() as stack:
        for side in sides:
            say_progress(f"{net}: starts {side.name}")
            starter = _start(side, stack)
            starters = _hopeful([*starters, starter] if starter else starters)
        counts = [max(1, round(seconds * 1e3 / sum(s.once))) for s in starters]
        taken = [Taken(s.side) for s in starters]
        for turn in range(rounds):
            for starter, count, found in zip(starters, counts, taken, strict=True):
                say_progress(f"{net}: round {turn + 1} of {rounds}: {starter.side.name}")
                time.sleep(_PAUSE)
                for name, ms in starter.lane.run(count).items():
                    found.times.setdefault(name, []).extend(ms)
        say_progress("")
        for starter, found in zip(starters, taken, strict=True):
            found.peak_mb, found.about = starter.lane.peak_megabytes(), starter.lane.about()
    return taken


def _start(side: Side, stack: ExitStack) -> _Starter | None:
    own = stack.enter_context(ExitStack())
    lane = own.enter_context(closing(Lane(side.make, side.arguments, side.env)))
    try:
        lane.run(1)
        once = [min(ms) for ms in lane.run(3).values()]
    except RunError as error:
        if not side.may_fail:
            raise
        click.echo(f"left out: {side.name}: {error}", err=True)
        own.close()
        return None
    return _Starter(side, lane, once, own)


def _hopeful(starters: list[_Starter]) -> list[_Starter]:
    """Close the starters that are much slower than the fastest of their form."""
    best: dict[str, float] = {}
    for s in starters:
        best[s.side.form] = min(s.once[-1], best.get(s.side.form, s.once[-1]))
    hopeful = []
    for s in starters:
        if s.once[-1] > _HOPELESS * best[s.side.form]:
            times = s.once[-1] / best[s.side.form]
            click.echo(f"left out: {s.side.name}: {times:.1f} times its form's best", err=True)
            s.closing.close()
        else:
            hopeful.append(s)
    return hopeful


def say_progress(words: str) -> None:
    """Write over the last line of a terminal; a pipe gets nothing."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{words}", nl=False, err=True)

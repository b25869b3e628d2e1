"""Sides that take turns, so that what disturbs the machine disturbs all of them."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import groupby, product
from typing import Any

import click
from lane import Lane, Times
from sides import Side

from netdef.errors import RunError

_PAUSE = 0.1
"""Seconds between two sides, in which idle threads of the first stop spinning."""
_HOPELESS = 2.0
"""A side that takes so many times as long as the fastest of its form does not go on."""
_HEATS = 3
"""Turns that tell which side that is: what was just compiled has not come to its speed in one."""


@dataclass
class Taken:
    """What one side took: the milliseconds of all its runs, and what it says of itself."""

    side: Side
    times: Times = field(default_factory=dict)
    peak_mb: float = 0.0
    about: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Starter:
    """A side that has begun: its process, what ends it, and the least ms of each pass so far."""

    side: Side
    lane: Lane
    closing: ExitStack
    once: dict[str, float] = field(default_factory=dict)

    @property
    def counts(self) -> float:
        """Milliseconds of the pass that counts: the last one."""
        return list(self.once.values())[-1]


def take_turns(net: str, sides: Sequence[Side], rounds: int, seconds: float) -> list[Taken]:
    """Let the sides take turns for so many rounds of about ``seconds`` each.

    Before, the sides of each form take a few short turns; those that cannot become its fastest
    stay away, so that the time goes to those that count.

    Raises:
        RunError: a side that must not fail did.
    """
    starters: list[_Starter] = []
    with ExitStack() as stack:
        for _, form in groupby(sides, lambda side: side.form):
            starters += _hopeful([s for side in form for s in _started(net, side, stack)])
        counts = [max(1, round(seconds * 1e3 / sum(s.once.values()))) for s in starters]
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


def _started(net: str, side: Side, stack: ExitStack) -> Iterator[_Starter]:
    """Yield the side when it has run once, or nothing if it may fail and did."""
    say_progress(f"{net}: starts {side.name}")
    own = stack.enter_context(ExitStack())
    lane = own.enter_context(closing(Lane(side.make, side.arguments, side.env)))
    try:
        lane.run(1)
    except RunError as error:
        if not side.may_fail:
            raise
        click.echo(f"left out: {side.name}: {error}", err=True)
        own.close()
    else:
        yield _Starter(side, lane, own)


def _hopeful(starters: list[_Starter]) -> list[_Starter]:
    """Close the starters of one form that are much slower than its fastest."""
    for _, s in product(range(_HEATS), starters):
        time.sleep(_PAUSE)
        for name, ms in s.lane.run(2).items():
            s.once[name] = min(*ms, s.once.get(name, ms[0]))
    best = min((s.counts for s in starters), default=0.0)
    hopeful = [s for s in starters if s.counts <= _HOPELESS * best]
    for s in starters:
        if s not in hopeful:
            times = s.counts / best
            click.echo(f"left out: {s.side.name}: {times:.1f} times its form's best", err=True)
            s.closing.close()
    return hopeful


def say_progress(words: str) -> None:
    """Write over the last line of a terminal; a pipe gets nothing."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{words}", nl=False, err=True)

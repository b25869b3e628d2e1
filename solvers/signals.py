"""Signals that a run hears: SIGINT and SIGTERM stop it, SIGHUP takes a snapshot."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from types import FrameType
from typing import TYPE_CHECKING

from netdef.errors import unknown

if TYPE_CHECKING:
    from netdef.solvers.solver import Solver


class Effect(Enum):
    """What a signal does when the iteration is done; a stop takes a snapshot first."""

    NONE = "none"
    SNAPSHOT = "snapshot"
    STOP = "stop"


@contextmanager
def hearing_signals(
    solver: "Solver",
    sigint_effect: Effect | str = Effect.STOP,
    sighup_effect: Effect | str = Effect.SNAPSHOT,
    sigterm_effect: Effect | str = Effect.STOP,
) -> Iterator[None]:
    """Hear signals for ``solver`` while the block runs; for a main thread only.

    The effects are Caffe's words: ``stop``, ``snapshot`` or ``none``. A second signal that
    stops has the effect that it had before the block: of SIGINT, KeyboardInterrupt at once.

    Raises:
        UnknownType: an effect is none of the three.
    """
    effects = {
        signal.SIGINT: _effect(sigint_effect),
        signal.SIGHUP: _effect(sighup_effect),
        signal.SIGTERM: _effect(sigterm_effect),
    }
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in effects}

    def hear(number: int, frame: FrameType | None) -> None:
        effect = effects[signal.Signals(number)]
        solver.ask(effect)
        if effect is Effect.STOP:
            signal.signal(number, before[signal.Signals(number)])

    try:
        for number in effects:
            signal.signal(number, hear)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _effect(name: Effect | str) -> Effect:
    words = [effect.value for effect in Effect]
    if isinstance(name, str) and name not in words:
        raise unknown("effect of a signal", name, words)
    return Effect(name)

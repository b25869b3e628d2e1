"""What an engine is: primitives made ready once and run many times."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from netdef.engines.checks import Checks
from netdef.engines.scratch import Scratch
from netdef.engines.threads import ALONE, Run, of_this_machine

__all__ = ["Clock", "Engine", "Launches", "Refused", "Run", "in_order"]


class Refused(Exception):
    """An engine cannot run a call, or only slowly; with the reason."""


@dataclass(frozen=True)
class Launches:
    """A run that does no more than give a device work, the same work every time.

    It hands over kernels, or copies within the device's memory, with addresses and numbers that
    never change; it makes no array, and waits for nothing. So it can be captured as part of a
    CUDA graph.
    """

    run: Run

    def __call__(self) -> None:
        self.run()


def in_order(*runs: Run | None) -> Run:
    """Return what runs all that are not None, one after the other."""
    wanted = [run for run in runs if run is not None]
    if len(wanted) == 1:
        return wanted[0]

    def run() -> None:
        for each in wanted:
            each()

    return Launches(run) if all(isinstance(each, Launches) for each in wanted) else run


@dataclass
class Clock:
    """What random numbers depend on besides their stream: the seed and the pass.

    And the ``share``, the place of this batch among the equal parts of a larger one.
    """

    seed: int = 0
    iteration: int = 0
    share: int = 0


class Engine:
    """Some primitives of one library, over the array module of one device.

    Each primitive is a method that takes the arrays and options of a call and returns
    what runs it, with views, sizes and scratch memory worked out once. An engine
    overrides what it does faster and inherits the rest, so every engine can run every
    call that it does not refuse.
    """

    name: ClassVar[str]

    takes_narrow: ClassVar[frozenset[str]] = frozenset()
    """Primitives that take images of 16 bits, besides those that do on every engine."""

    @property
    def kernels(self) -> str:
        """A number for the kernels that a library chose for the calls so far; none if none did.

        Where it is another one, results are others in their last bits.
        """
        return ""

    @property
    def own_passes(self) -> frozenset[str]:
        """Passes of ``netdef.fusion`` that run only for engines which name them."""
        return frozenset()

    weights_stay: bool
    """True if weights change so rarely that ``settle`` is called when they have."""

    def __init__(
        self,
        xp: ModuleType = np,
        scratch: Scratch | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.xp = xp
        self.scratch = scratch or Scratch(xp)
        self.clock = clock or Clock()
        self.weights_stay = False
        self.checks = Checks(xp)
        self._settling: list[Run] = []
        self.threads = of_this_machine() if xp is np else ALONE

    def begin_pass(self) -> None:
        """Take over what changes from pass to pass, which is the clock, before a pass forward."""

    def settle(self) -> None:
        """Do again what calls prepared with the weights as they were."""
        for run in self._settling:
            run()

    def running_on(self, xp: ModuleType, scratch: Scratch, clock: Clock) -> "Engine":
        """Return an engine that runs on a device what this one has planned."""
        return type(self)(xp, scratch, clock)

    def image_order(self, ndim: int) -> tuple[int, ...]:
        """Return in which order, outermost first, the axes of images ``(N, C, ...)`` lie best."""
        return tuple(range(ndim))

    def has(self, primitive: str) -> bool:
        """True if the engine knows the primitive at all."""
        return hasattr(self, primitive)

    def refuses(self, primitive: str, dtype: str, options: Mapping[str, Any]) -> str | None:
        """Return why this engine cannot run the call, or None if it can, as far as this tells.

        ``prepare`` may still raise ``Refused`` when it sees the arrays.
        """
        return None

    def prepare(self, primitive: str, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> Run:
        """Return what runs the primitive on these arrays.

        Raises:
            Refused: the engine cannot run it on such arrays.
        """
        self.scratch.begin()
        run: Run = getattr(self, primitive)(**arrays, **options)
        return run

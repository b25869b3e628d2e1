"""What kernels found wrong with the data, kept on the device until the host looks."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from types import ModuleType
from typing import Any

from netdef.errors import at

Refuse = Callable[[int, int], None]
"""Raises the error of a call, from the place of what is wrong and its value."""

NOTHING = -1
"""The place of what is wrong, while nothing is."""
_ROOM = 32
"""Calls whose findings lie in one array."""


class Checks:
    """For each call that checks its data the first thing that was wrong: its place, its value.

    What a kernel has found stays until the host looks, however many passes follow. ``where``
    names the layer of the calls that are being prepared.
    """

    def __init__(self, xp: ModuleType) -> None:
        self._xp, self.where = xp, ""
        self.arrays: list[Any] = []
        """What must be brought to the host to look: ``(calls, 2)`` of int32 each."""
        self._refusals: list[tuple[str, Refuse]] = []

    def add(self, refuse: Refuse) -> Any:
        """Return the two numbers that a call writes to, the place only if it was negative."""
        number = len(self._refusals)
        if number % _ROOM == 0:
            self.arrays.append(self._xp.full((_ROOM, 2), NOTHING, "int32"))
        self._refusals.append((self.where, refuse))
        return self.arrays[-1][number % _ROOM]

    def judge(self, found: Sequence[Any]) -> None:
        """Raise the error of the first call that found something, from copies of ``arrays``."""
        for number, (where, refuse) in enumerate(self._refusals):
            place, value = map(int, found[number // _ROOM][number % _ROOM])
            if place != NOTHING:
                for array in self.arrays:
                    array.fill(NOTHING)
                with at(where) if where else nullcontext():
                    refuse(place, value)

"""Before the clock starts: that all sides compute the same."""

from collections.abc import Sequence
from contextlib import closing

import numpy as np
from lane import Lane
from sides import Side
from turns import say_progress

from netdef.errors import RunError


def check_agreement(net: str, sides: Sequence[Side], largest: float) -> float:
    """Run each side once; return how far they are from the first one, as a part of its numbers.

    A form of PyTorch computes what the other does, and what it does when compiled: neither is
    run twice.

    Raises:
        RunError: one is further away than ``largest``.
    """
    first, distance, asked = None, 0.0, set()
    for side in sides:
        what = side.make, side.variant, side.arguments[:1]
        if side.may_fail or what in asked:
            continue
        asked.add(what)
        say_progress(f"{net}: what {side.name} computes")
        with closing(Lane(side.make, side.arguments, side.env)) as lane:
            found = np.asarray(lane.answer(), np.float64)
        if first is None:
            first = found
        own = float(np.abs(found - first).max() / np.abs(first).max())
        if not own <= largest:  # a NaN is no agreement either
            raise RunError(f"{net}: {side.name} computes something else: {own:.2g} of it away")
        distance = max(distance, own)
    return distance

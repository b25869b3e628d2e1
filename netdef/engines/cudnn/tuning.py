"""Plans that are timed: the fastest of those that the heuristics like best."""

import warnings
from collections.abc import Callable, Sequence

from netdef.engines.cudnn.plan import Plan

MOST_PLANS = 8
"""Plans that are timed for one graph: some take a second to make, and the best are among them."""
_WORTH = 0.97
"""The part of the first plan's time below which another one is taken: less is noise."""


def fastest(name: str, plans: Sequence[Plan], time: Callable[[Plan], float]) -> Plan | None:
    """Return the fastest plan; the heuristics' choice, which is the first, if none is clearly.

    ``time`` may raise ``MemoryError``: such a plan is passed over. None if none could be timed.
    """
    times = []
    for plan in plans:
        try:
            times.append(time(plan))
        except MemoryError:
            times.append(float("inf"))
    best = min(range(len(plans)), key=times.__getitem__)
    if times[best] == float("inf"):
        warnings.warn(f"too little memory to time the plans of {name}: none is tuned", stacklevel=2)
        return None
    return plans[best] if times[best] < _WORTH * times[0] else plans[0]

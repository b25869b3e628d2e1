"""Where updates of arenas run: on the device that the weights lie on."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from netdef.solvers.device_update import DeviceUpdate
from netdef.solvers.host_update import HostUpdate
from netdef.solvers.method import Method, Numbers
from netdef.weights import Segment, Weights


class ArenaUpdate(Protocol):
    """A method made ready for some arenas."""

    def run(self, numbers: Numbers, divisor: float = 1, limit: float | None = None) -> None:
        """Change the arenas once, with the numbers of each kind of region.

        ``grad`` is scaled down to the L2 norm ``limit`` if there is one, and divided.
        """


def on_arenas(
    weights: Weights,
    method: Method,
    others: Mapping[str, Any],
    regions: Sequence[Segment],
    clears: bool = False,
    halted: Any = None,
) -> ArenaUpdate:
    """Make a method ready for the weights, their gradients and other arenas of the same order.

    A GPU also sets the gradients to 0 afterwards, if it ``clears``, and does nothing while
    ``halted``, an array of one number, does not hold 0.
    """
    arenas = {"w": weights.data, "grad": weights.grad, **others}
    if weights.device.is_gpu:
        return DeviceUpdate(weights.device, method, arenas, regions, None, clears, halted)
    return HostUpdate(method, arenas, regions)

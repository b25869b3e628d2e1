"""The running means of gradients and of their squares that Adam and its relatives follow."""

from types import ModuleType
from typing import Any

from netdef.proto import SolverParameter


class Moments:
    """``m = momentum m + (1 - momentum) g`` and ``v = momentum2 v + (1 - momentum2) g^2``.

    Both begin as zeros; divided by their ``shares`` they are means of what has come so far.
    """

    def __init__(self, param: SolverParameter, xp: ModuleType) -> None:
        self._first, self._second, self._xp = param.momentum, param.momentum2, xp

    def follow(self, m: Any, v: Any, g: Any, spare: Any) -> None:
        """Bring both means on by the gradient ``g``, which is overwritten."""
        m *= self._first
        self._xp.multiply(g, 1 - self._first, out=spare)
        m += spare
        v *= self._second
        g *= g
        g *= 1 - self._second
        v += g

    def shares(self, iteration: int) -> tuple[float, float]:
        """Return how much of a mean each holds: 1 - momentum^t and 1 - momentum2^t, t from 1."""
        return 1 - self._first ** (iteration + 1), 1 - self._second ** (iteration + 1)

    def direction(self, m: Any, v: Any, out: Any, iteration: int, delta: float) -> None:
        """Set ``out`` to ``(m / share) / (sqrt(v / share) + delta)``."""
        first, second = self.shares(iteration)
        root = float(second**0.5)
        self._xp.sqrt(v, out=out)
        out += delta * root
        self._xp.divide(m, out, out=out)
        out *= root / first

"""AdaDelta."""

from collections.abc import Sequence
from typing import Any

from netdef.proto import SolverParameter
from netdef.solvers.rule import Rule, Step, check_parts


class AdaDelta(Rule, type="AdaDelta"):
    """Steps in units of the weights, with p for ``momentum``.

    ``h1 = p h1 + (1 - p) g^2``; ``d = g sqrt((h2 + delta) / (h1 + delta))``;
    ``h2 = p h2 + (1 - p) d^2``; ``w -= rate d``.

    Source: Zeiler, ADADELTA: an adaptive learning rate method, 2012.
    """

    histories = 2

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        check_parts(param, "momentum")

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        xp, delta = self.xp, self.param.delta
        gradients, updates = histories
        self._follow(gradients, g, spare)
        xp.add(gradients, delta, out=spare)
        # The root of each, not of their quotient, which may be too large for a float32.
        xp.sqrt(spare, out=spare)
        g /= spare
        xp.add(updates, delta, out=spare)
        xp.sqrt(spare, out=spare)
        g *= spare
        self._follow(updates, g, spare)
        g *= step.rate
        w -= g

    def _follow(self, mean: Any, x: Any, spare: Any) -> None:
        """Bring a running mean of squares on."""
        self.xp.multiply(x, x, out=spare)
        spare *= 1 - self.param.momentum
        mean *= self.param.momentum
        mean += spare

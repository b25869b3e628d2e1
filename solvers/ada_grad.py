"""AdaGrad."""

from collections.abc import Sequence
from typing import Any

from netdef.proto import SolverParameter
from netdef.solvers.rule import Rule, Step, refuse_momentum


class AdaGrad(Rule, type="AdaGrad"):
    """A rate for each weight: ``h += g^2``; ``w -= rate g / (sqrt(h) + delta)``.

    Source: Duchi et al., Adaptive subgradient methods for online learning and stochastic
    optimization, 2011.
    """

    histories = 1

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        refuse_momentum(cls, param)

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        (h,) = histories
        self.xp.multiply(g, g, out=spare)
        h += spare
        self.xp.sqrt(h, out=spare)
        spare += self.param.delta
        g /= spare
        g *= step.rate
        w -= g

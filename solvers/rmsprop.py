"""RMSProp."""

from collections.abc import Sequence
from typing import Any

from netdef.proto import SolverParameter
from netdef.solvers.rule import Rule, Step, check_parts, refuse_momentum


class RMSProp(Rule, type="RMSProp"):
    """A rate for each weight, from the gradients of late.

    ``h = rms_decay h + (1 - rms_decay) g^2``; ``w -= rate g / (sqrt(h) + delta)``.

    Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5, 2012.
    """

    histories = 1

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        refuse_momentum(cls, param)
        check_parts(param, "rms_decay")

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        (h,) = histories
        self.xp.multiply(g, g, out=spare)
        spare *= 1 - self.param.rms_decay
        h *= self.param.rms_decay
        h += spare
        self.xp.sqrt(h, out=spare)
        spare += self.param.delta
        g /= spare
        g *= step.rate
        w -= g

"""Adam, with the decay in its gradients as in Caffe."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from netdef.proto import SolverParameter
from netdef.solvers.moments import Moments
from netdef.solvers.rule import Rule, Step, check_parts


class Adam(Rule, type="Adam"):
    """Steps of about equal size: ``w -= rate c m / (sqrt(v) + delta)``, with t from 1.

    ``m = momentum m + (1 - momentum) g``; ``v = momentum2 v + (1 - momentum2) g^2``;
    ``c = sqrt(1 - momentum2^t) / (1 - momentum^t)``.

    Source: Kingma and Ba, Adam: a method for stochastic optimization, 2014, section 2's
    second form, where delta is not corrected.
    """

    histories = 2

    def __init__(self, param: SolverParameter, xp: ModuleType) -> None:
        super().__init__(param, xp)
        self._moments = Moments(param, xp)

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        check_parts(param, "momentum", "momentum2")

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        m, v = histories
        self._moments.follow(m, v, g, spare)
        first, second = self._moments.shares(step.iteration)
        self.xp.sqrt(v, out=g)
        g += self.param.delta
        self.xp.divide(m, g, out=g)
        g *= step.rate * second**0.5 / first
        w -= g

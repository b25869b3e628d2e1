"""Adam with a decay of its own."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from netdef.proto import SolverParameter
from netdef.solvers.moments import Moments
from netdef.solvers.rule import Rule, Step, check_parts


class AdamW(Rule, type="AdamW"):
    """Adam whose decay does not pass through the means: ``w -= rate (d + decay w)``.

    ``d = (m / (1 - momentum^t)) / (sqrt(v / (1 - momentum2^t)) + delta)``, with Adam's m and v.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization, 2017.
    """

    histories = 2
    decays_itself = True

    def __init__(self, param: SolverParameter, xp: ModuleType) -> None:
        super().__init__(param, xp)
        self._moments = Moments(param, xp)

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        check_parts(param, "momentum", "momentum2")

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        m, v = histories
        self._moments.follow(m, v, g, spare)
        self._moments.direction(m, v, g, step.iteration, self.param.delta)
        g *= step.rate
        if step.decay:
            w *= 1 - step.rate * step.decay
        w -= g

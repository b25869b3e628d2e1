"""Adam, with the decay in its gradients as in Caffe."""

from netdef.proto import SolverParameter
from netdef.solvers.moments import FOLLOW, shares
from netdef.solvers.rule import Rule, Step, check_parts


class Adam(Rule, type="Adam"):
    """Steps of about equal size: ``w -= rate c m / (sqrt(v) + delta)``, with t from 1.

    ``m = momentum m + (1 - momentum) g``; ``v = momentum2 v + (1 - momentum2) g^2``;
    ``c = sqrt(1 - momentum2^t) / (1 - momentum^t)``.

    Source: Kingma and Ba, Adam: a method for stochastic optimization, 2014, section 2's
    second form, where delta is not corrected.
    """

    histories = ("m", "v")
    formula = FOLLOW + "w = w - corrected_rate * (m / (sqrt(v) + delta))"

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        check_parts(param, "momentum", "momentum2")

    def numbers(self, step: Step) -> dict[str, float]:
        first, second = shares(self, step)
        return {"corrected_rate": step.rate * second**0.5 / first}

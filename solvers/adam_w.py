"""Adam with a decay of its own."""

from netdef.proto import SolverParameter
from netdef.solvers.moments import DIRECTION, FOLLOW, unbiasing
from netdef.solvers.rule import Rule, Step, check_parts


class AdamW(Rule, type="AdamW"):
    """Adam whose decay does not pass through the means: ``w -= rate (d + decay w)``.

    ``d = (m / (1 - momentum^t)) / (sqrt(v / (1 - momentum2^t)) + delta)``, with Adam's m and v.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization, 2017.
    """

    histories = ("m", "v")
    decays_itself = True
    formula = f"""{FOLLOW}{DIRECTION}
if decay:
    w = kept * w
w = w - rate * d
"""

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        check_parts(param, "momentum", "momentum2")

    def numbers(self, step: Step) -> dict[str, float]:
        return {"kept": 1 - step.rate * step.decay, **unbiasing(self, step)}

"""RMSProp."""

from netdef.proto import SolverParameter
from netdef.solvers.rule import Rule, check_parts, refuse_momentum


class RMSProp(Rule, type="RMSProp"):
    """A rate for each weight, from the gradients of late.

    Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5, 2012.
    """

    histories = ("h",)
    formula = """
    h = rms_decay * h + (1 - rms_decay) * g ** 2
    w = w - rate * (g / (sqrt(h) + delta))
    """

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        refuse_momentum(cls, param)
        check_parts(param, "rms_decay")

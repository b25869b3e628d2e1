"""AdaGrad."""

from netdef.proto import SolverParameter
from netdef.solvers.rule import Rule, refuse_momentum


class AdaGrad(Rule, type="AdaGrad"):
    """A rate for each weight, from all its gradients.

    Source: Duchi et al., Adaptive subgradient methods for online learning and stochastic
    optimization, 2011.
    """

    histories = ("h",)
    formula = """
    h = h + g ** 2
    w = w - rate * (g / (sqrt(h) + delta))
    """

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        refuse_momentum(cls, param)

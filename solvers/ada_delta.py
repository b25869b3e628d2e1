"""AdaDelta."""

from netdef.proto import SolverParameter
from netdef.solvers.rule import Rule, check_parts


class AdaDelta(Rule, type="AdaDelta"):
    """Steps in units of the weights: ``d = g sqrt((steps + delta) / (gradients + delta))``.

    ``gradients`` and ``steps`` are running means of squares. The roots are drawn one by one, for
    the quotient may be too large for a float32.

    Source: Zeiler, ADADELTA: an adaptive learning rate method, 2012.
    """

    histories = ("gradients", "steps")
    formula = """
    gradients = momentum * gradients + (1 - momentum) * g ** 2
    d = g / sqrt(gradients + delta) * sqrt(steps + delta)
    steps = momentum * steps + (1 - momentum) * d ** 2
    w = w - rate * d
    """

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        check_parts(param, "momentum")

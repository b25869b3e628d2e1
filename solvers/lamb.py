"""LAMB: Adam with layer-wise rates for large batches."""

from netdef.proto import SolverParameter
from netdef.solvers.layerwise_rule import LayerwiseRule
from netdef.solvers.moments import DIRECTION, FOLLOW, unbiasing
from netdef.solvers.rule import Step, check_parts

_STEP = f"""{DIRECTION}
if decay:
    d = d + decay * w
"""


class LAMB(LayerwiseRule, type="LAMB"):
    """AdamW whose step is as long as the weights of each blob, times the rate.

    ``r = (m / (1 - momentum^t)) / (sqrt(v / (1 - momentum2^t)) + delta) + decay w``, with
    Adam's m and v; ``w -= rate (|w| / |r|) r``, and ``rate r`` where a norm is 0.

    Source: You et al., Large batch optimization for deep learning: training BERT in 76
    minutes, 2019.
    """

    histories = ("m", "v")
    measure = f"{FOLLOW}{_STEP}other = d"
    trust = "where(weights == 0, 1, where(others == 0, 1, weights / others))"
    formula = f"{_STEP}w = w - rate * d"

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        check_parts(param, "momentum", "momentum2")

    def numbers(self, step: Step) -> dict[str, float]:
        return unbiasing(self, step)

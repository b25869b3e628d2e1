"""LARS: layer-wise adaptive rates for large batches."""

from collections.abc import Sequence
from typing import Any

from netdef.solvers.layerwise_rule import LayerwiseRule
from netdef.solvers.rule import Step


class LARS(LayerwiseRule, type="LARS"):
    """Momentum with a rate in proportion to the weights of each blob.

    ``trust = trust_coefficient |w| / (|g| + decay |w|)``, 1 where a norm is 0;
    ``h = momentum h + rate trust (g + decay w)``; ``w -= h``.

    Source: You, Gitman and Ginsburg, Large batch training of convolutional networks, 2017.
    """

    histories = 1

    def measure(
        self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step
    ) -> tuple[float, float]:
        return self.square(w), self.square(g)

    def trust(self, weights: float, other: float, decay: float) -> float:
        if not weights or not other:
            return 1.0
        return self.param.trust_coefficient * weights / (other + decay * weights)

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        (h,) = histories
        if step.decay:
            self.xp.multiply(w, step.decay, out=spare)
            g += spare
        g *= step.rate
        h *= self.param.momentum
        h += g
        w -= h

"""LAMB: Adam with layer-wise rates for large batches."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from netdef.proto import SolverParameter
from netdef.solvers.layerwise_rule import LayerwiseRule
from netdef.solvers.moments import Moments
from netdef.solvers.rule import Step, check_parts


class LAMB(LayerwiseRule, type="LAMB"):
    """AdamW whose step is as long as the weights of each blob, times the rate.

    ``r = (m / (1 - momentum^t)) / (sqrt(v / (1 - momentum2^t)) + delta) + decay w``, with
    Adam's m and v; ``w -= rate (|w| / |r|) r``, and ``rate r`` where a norm is 0.

    Source: You et al., Large batch optimization for deep learning: training BERT in 76
    minutes, 2019.
    """

    histories = 2

    def __init__(self, param: SolverParameter, xp: ModuleType) -> None:
        super().__init__(param, xp)
        self._moments = Moments(param, xp)

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        check_parts(param, "momentum", "momentum2")

    def measure(
        self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step
    ) -> tuple[float, float]:
        m, v = histories
        self._moments.follow(m, v, g, spare)
        self._direction(w, histories, g, spare, step)
        return self.square(w), self.square(g)

    def trust(self, weights: float, other: float, decay: float) -> float:
        return weights / other if weights and other else 1.0

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        self._direction(w, histories, g, spare, step)
        g *= step.rate
        w -= g

    def _direction(
        self, w: Any, histories: Sequence[Any], out: Any, spare: Any, step: Step
    ) -> None:
        m, v = histories
        self._moments.direction(m, v, out, step.iteration, self.param.delta)
        if step.decay:
            self.xp.multiply(w, step.decay, out=spare)
            out += spare

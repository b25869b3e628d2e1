"""Stochastic gradient descent."""

from collections.abc import Sequence
from typing import Any

from netdef.solvers.rule import Rule, Step


class SGD(Rule, type="SGD"):
    """Gradient descent with momentum: ``h = momentum h + rate g``; ``w -= h``."""

    histories = 1

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        (h,) = histories
        h *= self.param.momentum
        g *= step.rate
        h += g
        w -= h

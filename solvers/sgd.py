"""Stochastic gradient descent."""

from collections.abc import Sequence
from typing import Any

from netdef.solvers.rule import Rule


class SGD(Rule, type="SGD"):
    """Gradient descent with momentum: ``h = momentum h + rate g``; ``w -= h``."""

    histories = 1

    def update(
        self, w: Any, g: Any, histories: Sequence[Any], rate: float, iteration: int, spare: Any
    ) -> None:
        (h,) = histories
        h *= self.param.momentum
        g *= rate
        h += g
        w -= h

"""Nesterov's accelerated gradient."""

from collections.abc import Sequence
from typing import Any

from netdef.solvers.rule import Rule, Step


class Nesterov(Rule, type="Nesterov"):
    """Momentum that looks ahead.

    ``h' = momentum h + rate g``; ``w -= (1 + momentum) h' - momentum h``.

    Source: Sutskever et al., On the importance of initialization and momentum in deep
    learning, 2013, as Caffe has it.
    """

    histories = 1

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        # (1 + momentum) h' - momentum h = momentum h' + rate g
        (h,) = histories
        g *= step.rate
        h *= self.param.momentum
        h += g
        w -= g
        self.xp.multiply(h, self.param.momentum, out=spare)
        w -= spare

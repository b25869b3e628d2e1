"""Nesterov's accelerated gradient."""

from netdef.solvers.rule import Rule


class Nesterov(Rule, type="Nesterov"):
    """Momentum that looks ahead.

    ``h' = momentum h + rate g``; ``w -= (1 + momentum) h' - momentum h``, which is
    ``rate g + momentum h'``.

    Source: Sutskever et al., On the importance of initialization and momentum in deep
    learning, 2013, as Caffe has it.
    """

    histories = ("h",)
    formula = """
    g = rate * g
    h = momentum * h + g
    w = w - g - momentum * h
    """

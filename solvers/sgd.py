"""Stochastic gradient descent."""

from netdef.solvers.rule import Rule


class SGD(Rule, type="SGD"):
    """Gradient descent with momentum."""

    histories = ("h",)
    formula = """
    h = momentum * h + rate * g
    w = w - h
    """

"""The running means of gradients and of their squares that Adam and its relatives follow."""

from netdef.solvers.rule import Rule, Step

FOLLOW = """
m = momentum * m + (1 - momentum) * g
v = momentum2 * v + (1 - momentum2) * g ** 2
"""
"""Brings both means on by a gradient. They begin as zeros; divided by their ``shares`` they are
means of what has come so far."""

DIRECTION = """
d = unbiased * (m / (sqrt(v) + biased_delta))
"""
"""``(m / share) / (sqrt(v / share) + delta)``, with the numbers of ``unbiasing``."""


def shares(rule: Rule, step: Step) -> tuple[float, float]:
    """Return how much of a mean each holds: 1 - momentum^t and 1 - momentum2^t, t from 1."""
    t = step.iteration + 1
    return 1 - rule.param.momentum**t, 1 - rule.param.momentum2**t


def unbiasing(rule: Rule, step: Step) -> dict[str, float]:
    """Return the numbers of ``DIRECTION``."""
    first, second = shares(rule, step)
    root = float(second**0.5)
    return {"unbiased": root / first, "biased_delta": rule.param.delta * root}

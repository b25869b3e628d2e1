"""What an update computes for each weight: a rule with the gradient and the decay put before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from textwrap import dedent

from netdef.expression import Expression, compile_expression
from netdef.formula import Formula, compile_formula, needed
from netdef.proto import SolverParameter
from netdef.solvers.layerwise_rule import LayerwiseRule
from netdef.solvers.rule import Rule, Step
from netdef.weights import Segment

MEASURED = ("w", "other")
"""What a method measures of each region: the sums of the squares of two names."""
_GRADIENT = "g = scale * grad\n"
_DECAY = {
    "L2": "if decay:\n    g = g + decay * w\n",
    "L1": "if decay:\n    g = g + decay * sign(w)\n",
}


Kind = tuple[float, float]
"""What regions of equal numbers have in common: ``lr_mult`` and ``decay_mult``."""
Numbers = Mapping[Kind, Mapping[str, float]]
"""The numbers of a step by the kind of region."""


def kind_of(region: Segment) -> Kind:
    """Return the kind of a region."""
    return region.lr_mult, region.decay_mult


@dataclass(frozen=True)
class Method:
    """Formulas over arrays, and over numbers that every kind of region has its own of.

    Beside those named here they know ``scale``, which is the same for all regions.

    All regions are measured first, if there is something to ``measure``: the sums of squares
    of what is ``MEASURED``, whose roots are the ``weights`` and ``others`` of ``trust``, by which
    the number ``rate`` is multiplied.
    """

    changed: tuple[str, ...]
    """The arrays that are changed."""
    numbers: tuple[str, ...]
    """What differs from kind to kind of region and from step to step."""
    change_text: str
    measure_text: str = ""
    trust_text: str = ""
    known: Mapping[str, float] = field(default_factory=dict)
    """What is the same for ever."""

    @property
    def change(self) -> Formula:
        return needed(compile_formula(self.change_text, self.known), self.changed)

    @property
    def measure(self) -> Formula:
        formula = compile_formula(self.measure_text, self.known)
        return needed(formula, (*self.changed, *MEASURED))

    @property
    def trust(self) -> Expression:
        return compile_expression(self.trust_text, self.known)

    def knowing(self, **numbers: float) -> "Method":
        """Return the same with some numbers put in."""
        return replace(self, known={**self.known, **numbers})


def method_of(rule: Rule, param: SolverParameter) -> Method:
    """Return what a rule does with gradients that have been summed over ``iter_size`` passes."""
    has_decay = param.weight_decay and not rule.decays_itself
    gradient = _GRADIENT + (_DECAY[param.regularization_type] if has_decay else "")
    own = Method(
        changed=("w", *rule.histories),
        numbers=("rate", "decay", *rule.numbers(Step(0, 0, 0))),
        change_text=gradient + dedent(rule.formula),
        known=rule.fields(),
    )
    if isinstance(rule, LayerwiseRule):
        measure = gradient + dedent(rule.measure)
        return replace(own, measure_text=measure, trust_text=rule.trust)
    return own

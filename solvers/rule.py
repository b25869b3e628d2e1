"""What an update rule is, and how one is found by its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from netdef.errors import ConfigError
from netdef.proto import SolverParameter
from netdef.registry import Registry

SOLVERS: Registry[type["Rule"]] = Registry("solver type", home="netdef.solvers")

_FIELDS = ("momentum", "momentum2", "delta", "rms_decay", "trust_coefficient")


@dataclass(frozen=True)
class Step:
    """What differs from iteration to iteration, or from blob to blob.

    ``rate`` and ``decay`` are times the multipliers of the blob; ``iteration`` counts from 0.
    """

    rate: float
    decay: float
    iteration: int


class Rule:
    """Base of all update rules: how weights follow their gradients.

    A rule is a formula for one weight ``w`` and its gradient ``g``: see ``netdef.formula``. It
    may read the numbers ``rate`` and ``decay``, fields of the solver by their names, and those
    of ``numbers``; it assigns ``w`` and its histories.
    """

    type: ClassVar[str]
    formula: ClassVar[str]
    histories: ClassVar[tuple[str, ...]] = ()
    """What it remembers of each weight; they begin as zeros."""
    decays_itself: ClassVar[bool] = False
    """True if its gradients come without the decay, because it does something else with it."""

    def __init_subclass__(cls, type: str | None = None) -> None:
        if type:
            cls.type = type
            SOLVERS.add(type, cls)

    def __init__(self, param: SolverParameter) -> None:
        self.param = param

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        """See whether the rule can run with these fields.

        Raises:
            ConfigError: it cannot; with the mend.
        """

    def numbers(self, step: Step) -> Mapping[str, float]:
        """Return numbers of the formula that are made of those of a step, in double precision."""
        return {}

    def fields(self) -> dict[str, float]:
        """Return the fields of the solver that formulas name."""
        return {name: float(getattr(self.param, name)) for name in _FIELDS}


def rule_named(name: str) -> type[Rule]:
    """Return an update rule by its name in any letter case.

    Raises:
        UnknownType: there is none of that name.
    """
    spellings = {known.lower(): known for known in SOLVERS}
    return SOLVERS[spellings.get(name.lower(), name)]


def refuse_momentum(rule: type[Rule], param: SolverParameter) -> None:
    """Refuse a momentum that the rule has no use for."""
    if param.momentum:
        raise ConfigError(
            f"type {rule.type!r} takes no momentum, got {param.momentum:g}; remove it"
        )


def check_parts(param: SolverParameter, *fields: str) -> None:
    """Refuse fields that say which part of a mean is kept, and are not from 0 to below 1."""
    for field in fields:
        if not 0 <= getattr(param, field) < 1:
            raise ConfigError(f"{field} must be from 0 to below 1, got {getattr(param, field):g}")

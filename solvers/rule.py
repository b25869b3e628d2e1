"""What an update rule is, and how one is found by its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

from netdef.errors import ConfigError
from netdef.proto import SolverParameter
from netdef.registry import Registry

SOLVERS: Registry[type["Rule"]] = Registry("solver type", home="netdef.solvers")


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

    A rule is elementwise, so it runs over flat stretches of all weights, several at once; the
    weights of a stretch have one step. It keeps no arrays of its own: what it remembers are
    its ``histories``.
    """

    type: ClassVar[str]
    histories: ClassVar[int] = 0
    """How many arrays, each as large as the weights, it remembers; they begin as zeros."""
    decays_itself: ClassVar[bool] = False
    """True if its gradients come without the decay, because it does something else with it."""

    def __init_subclass__(cls, type: str | None = None) -> None:
        if type:
            cls.type = type
            SOLVERS.add(type, cls)

    def __init__(self, param: SolverParameter, xp: ModuleType) -> None:
        self.param, self.xp = param, xp

    @classmethod
    def check(cls, param: SolverParameter) -> None:
        """See whether the rule can run with these fields.

        Raises:
            ConfigError: it cannot; with the mend.
        """

    def update(self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step) -> None:
        """Change ``w`` and the histories, with nothing allocated.

        ``g`` holds the gradient, with the decay added unless the rule ``decays_itself``;
        ``g`` and ``spare`` may be overwritten.

        Shapes:
            w, g, spare, each of histories: ``(n,)`` float32.
        """
        raise NotImplementedError


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

"""What an update rule is, and how one is found by its name."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, ClassVar

from netdef.proto import SolverParameter
from netdef.registry import Registry

SOLVERS: Registry[type["Rule"]] = Registry("solver type", home="netdef.solvers")


class Rule:
    """Base of all update rules: how weights follow their gradients.

    A rule is elementwise, so it runs over flat stretches of all weights; a stretch has one
    learning rate. It keeps no arrays of its own: what it remembers are its ``histories``.
    """

    type: ClassVar[str]
    histories: ClassVar[int] = 0
    """How many arrays, each as large as the weights, it remembers; they begin as zeros."""

    def __init_subclass__(cls, type: str) -> None:
        cls.type = type
        SOLVERS.add(type, cls)

    def __init__(self, param: SolverParameter, xp: ModuleType) -> None:
        self.param, self.xp = param, xp

    def update(
        self, w: Any, g: Any, histories: Sequence[Any], rate: float, iteration: int, spare: Any
    ) -> None:
        """Change ``w`` and the histories, with nothing allocated.

        ``rate`` is the learning rate of this stretch, ``iteration`` counts from 0. ``g`` holds
        the gradient with the decay added; ``g`` and ``spare`` may be overwritten.

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

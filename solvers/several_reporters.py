"""Reporters side by side."""

from collections.abc import Callable, Sequence
from inspect import isfunction

from netdef.solvers.reporter import Reporter


class SeveralReporters(Reporter):
    """Tells each of ``reporters``, in their order, all that it hears."""

    def __init__(self, reporters: Sequence[Reporter]) -> None:
        self.reporters = list(reporters)

    @property
    def must_hear_at_once(self) -> bool:
        return any(each.must_hear_at_once for each in self.reporters)


def _to_each(event: str) -> Callable[..., None]:
    def hear(self: SeveralReporters, *arguments: object) -> None:
        for each in self.reporters:
            getattr(each, event)(*arguments)

    return hear


for _event in [name for name, own in vars(Reporter).items() if isfunction(own)]:
    setattr(SeveralReporters, _event, _to_each(_event))

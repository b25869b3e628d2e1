"""Reporters side by side."""

from collections.abc import Callable, Sequence

from netdef.solvers.reporter import Reporter


class SeveralReporters(Reporter):
    """Tells each of ``reporters``, in their order, all that it hears."""

    def __init__(self, reporters: Sequence[Reporter]) -> None:
        self.reporters = list(reporters)


def _to_each(event: str) -> Callable[..., None]:
    def hear(self: SeveralReporters, *arguments: object) -> None:
        for each in self.reporters:
            getattr(each, event)(*arguments)

    return hear


for _event in [name for name in vars(Reporter) if not name.startswith("_")]:
    setattr(SeveralReporters, _event, _to_each(_event))

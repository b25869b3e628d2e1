"""Reporters side by side."""

from collections.abc import Sequence

from netdef.solvers.reporter import Displayed, Reporter, Scores, Started


class SeveralReporters(Reporter):
    """Tells each of ``reporters``, in their order, all that it hears."""

    def __init__(self, reporters: Sequence[Reporter]) -> None:
        self.reporters = list(reporters)

    def started(self, event: Started) -> None:
        for each in self.reporters:
            each.started(event)

    def trained(self, iteration: int, loss: float) -> None:
        for each in self.reporters:
            each.trained(iteration, loss)

    def displayed(self, event: Displayed) -> None:
        for each in self.reporters:
            each.displayed(event)

    def testing(self, iteration: int, net: int) -> None:
        for each in self.reporters:
            each.testing(iteration, net)

    def tested(self, event: Scores) -> None:
        for each in self.reporters:
            each.tested(event)

    def snapshotting(self, path: str) -> None:
        for each in self.reporters:
            each.snapshotting(path)

    def restored(self, path: str, iteration: int) -> None:
        for each in self.reporters:
            each.restored(path, iteration)

    def warned(self, message: str) -> None:
        for each in self.reporters:
            each.warned(message)

    def noted(self, message: str) -> None:
        for each in self.reporters:
            each.noted(message)

    def stopped(self, iteration: int) -> None:
        for each in self.reporters:
            each.stopped(iteration)

    def finished(self) -> None:
        for each in self.reporters:
            each.finished()

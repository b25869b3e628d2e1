"""What a run of a solver reports, and to whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netdef.net import Net


@dataclass(frozen=True)
class Output:
    """One number of a net's outputs; ``loss_weight`` is 0 for what is no loss."""

    name: str
    value: float
    loss_weight: float = 0.0


@dataclass(frozen=True)
class Started:
    """A run begins at ``iteration``.

    An iteration takes ``batch`` images, an epoch has ``records``; 0 if not known.
    """

    net: str
    lr_policy: str
    iteration: int
    max_iter: int
    batch: int
    records: int = 0

    def epoch(self, iteration: int) -> float | None:
        """Return how many passes over the data are done after ``iteration`` iterations."""
        return iteration * self.batch / self.records if self.records else None


@dataclass(frozen=True)
class Displayed:
    """What ``display`` asks for.

    ``loss`` is the mean of the last ``average_loss`` iterations. ``seconds`` and
    ``iterations`` went by since the last time. At the end of a run there is no rate.
    """

    iteration: int
    loss: float
    outputs: Sequence[Output] = ()
    rate: float | None = None
    seconds: float = 0.0
    iterations: int = 0
    display: int = 0


@dataclass(frozen=True)
class Scores:
    """The mean of each output over a test; the loss if ``test_compute_loss`` is set."""

    iteration: int
    net: int
    outputs: Sequence[Output]
    loss: float | None = None


class Reporter:
    """Hears what a solver does, and says nothing; subclasses speak."""

    def started(self, event: Started) -> None:
        """``solve`` begins."""

    def trained(self, iteration: int, loss: float) -> None:
        """An iteration is done; ``iteration`` counts from 1, ``loss`` is of it alone."""

    def displayed(self, event: Displayed) -> None:
        """It is time to display the loss."""

    def testing(self, iteration: int, net: int) -> None:
        """A test begins."""

    def tested(self, event: Scores) -> None:
        """A test is done."""

    def snapshotting(self, path: str) -> None:
        """A file of a snapshot is about to be written."""

    def restored(self, path: str, iteration: int) -> None:
        """The run goes on from a snapshot."""

    def warned(self, message: str) -> None:
        """Something went wrong that the run goes on in spite of."""

    def noted(self, message: str) -> None:
        """A line that was asked for, such as of ``debug_info``."""

    def settled(self, iteration: int, best_iter: int) -> None:
        """``patience`` ran out: what is watched was best at ``best_iter``."""

    def stopped(self, iteration: int) -> None:
        """``solve`` was asked to stop, and did after ``iteration`` iterations."""

    def finished(self) -> None:
        """``solve`` is done."""

    @property
    def must_hear_at_once(self) -> bool:
        """True if ``trained`` must be told of an iteration before the next one is begun.

        On a GPU it is told one iteration later, unless a reporter that listens asks for this.
        """
        return type(self).trained is not Reporter.trained


def outputs_of(net: Net, values: Mapping[str, Iterable[float]]) -> list[Output]:
    """Return the numbers of a net's output blobs one by one."""
    weights = net.loss_weights
    return [
        Output(name, float(number), weights.get(name, 0.0))
        for name, numbers in values.items()
        for number in numbers
    ]

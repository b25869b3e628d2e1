"""One test of a net: the mean of each output over some batches, or over all of its data."""

from collections.abc import Callable, Iterator

import numpy as np

from netdef.net import Net
from netdef.solvers.reporter import Output, outputs_of
from netdef.whole_set import whole_set


def loss_of(net: Net) -> float:
    """Return the loss of the last forward pass: all losses by their weights."""
    return reading_loss(net)()


def reading_loss(net: Net) -> Callable[[], float]:
    """Return what returns the loss of the last forward pass, and only then waits for a GPU."""
    read = net.reading(*net.loss_weights)

    def loss() -> float:
        found, weights = read(), net.loss_weights.items()
        return float(sum(weight * found[name].sum() for name, weight in weights))

    return loss


def output_values(net: Net) -> dict[str, np.ndarray]:
    """Return the numbers of each output blob in one row, by the names in their order."""
    return {name: np.ravel(a) for name, a in net.reading(*sorted(net.outputs))().items()}


def test(
    net: Net,
    batches: int | None = None,  # noqa: PT028  (not pytest's)
    tell: Callable[[int, list[Output]], None] | None = None,  # noqa: PT028
) -> tuple[list[Output], float]:
    """Run ``batches`` batches forward; return the means of the outputs and of the loss.

    Without ``batches`` it is every record of the data once (see ``whole_set``), and a batch
    counts as its records do: the mean is sum(records * output) / sum(records). An output with
    a number for each record has fewer numbers in the shorter last batch; those that are
    missing there are means of the other batches.

    ``tell`` is told the number of each batch, from 0, and its outputs.

    Raises:
        ConfigError: the records of the data cannot be counted.
    """
    means = _Means()
    for batch, records in enumerate(whole_set(net) if batches is None else _some(net, batches)):
        values = output_values(net)
        if tell:
            tell(batch, outputs_of(net, values))
        means.add(values, loss_of(net), records)
    return outputs_of(net, means.values()), means.loss


def _some(net: Net, batches: int) -> Iterator[int]:
    """Run batches forward that all count the same."""
    for _ in range(batches):
        net.forward()
        yield 1


class _Means:
    """The weighted means of outputs and losses."""

    def __init__(self) -> None:
        self._sums: dict[str, np.ndarray] = {}
        self._weights: dict[str, np.ndarray] = {}
        self._loss = self._weight = 0.0

    def add(self, values: dict[str, np.ndarray], loss: float, weight: int) -> None:
        """Take in a batch; none has more numbers than the first one."""
        self._loss += weight * loss
        self._weight += weight
        for name, numbers in values.items():
            total = self._sums.setdefault(name, np.zeros(len(numbers)))
            weights = self._weights.setdefault(name, np.zeros(len(numbers)))
            total[: len(numbers)] += weight * numbers.astype(np.float64)
            weights[: len(numbers)] += weight

    def values(self) -> dict[str, np.ndarray]:
        return {name: total / self._weights[name] for name, total in self._sums.items()}

    @property
    def loss(self) -> float:
        return self._loss / self._weight

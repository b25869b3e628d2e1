"""The curves of a run: what was displayed and tested, by iteration."""

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass
class Row:
    """What was known at one iteration; ``seconds`` since the run began, ``outputs`` by name."""

    iteration: int
    seconds: float
    outputs: dict[str, float] = field(default_factory=dict)
    loss: float | None = None

    def add(self, name: str, value: float) -> None:
        """Add an output; a second one of the same name is ``name_1``, and so on."""
        same = sum(key == name or key.startswith(f"{name}_") for key in self.outputs)
        self.outputs[f"{name}_{same}" if name in self.outputs else name] = value


@dataclass
class Curves:
    """The rows of a run's training and of its tests, by the number of the test net.

    Where a run went on from a snapshot, later rows take the place of those that an earlier
    part had reached.
    """

    name: str
    train: list[Row] = field(default_factory=list)
    tests: dict[int, list[Row]] = field(default_factory=dict)
    rates: dict[int, float] = field(default_factory=dict)

    def train_row(self, iteration: int, seconds: float) -> Row:
        """Begin a row of the training."""
        return _begin(self.train, iteration, seconds)

    def test_row(self, net: int, iteration: int, seconds: float) -> Row:
        """Begin a row of a test."""
        return _begin(self.tests.setdefault(net, []), iteration, seconds)

    def rate_at(self, iteration: int) -> float:
        """Return the rate of an iteration, or else the last one before, or the first one."""
        known = sorted(self.rates)
        if not known:
            return float("nan")
        return self.rates[known[max(bisect_right(known, iteration) - 1, 0)]]


def _begin(rows: list[Row], iteration: int, seconds: float) -> Row:
    while rows and rows[-1].iteration >= iteration:
        rows.pop()
    rows.append(Row(iteration, seconds))
    return rows[-1]

"""The exponential moving average of the weights."""

from collections.abc import Iterator
from contextlib import contextmanager

from netdef.solvers.stretches import Stretch, Stretches
from netdef.weights import Segment, Weights


class WeightAverage:
    """Follows all weights of a net: ``a = decay a + (1 - decay) w`` after each iteration.

    It begins as the weights after the first iteration.

    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992,
    with the older iterations forgotten.
    """

    def __init__(self, weights: Weights, decay: float) -> None:
        self._weights, self._decay = weights, decay
        xp = weights.device.xp
        self._average = xp.empty_like(weights.data)
        whole = Segment(0, len(weights.data), 1, 1)
        self._stretches = Stretches(weights, [self._average], [whole])
        self.has_begun = False

    def follow(self) -> None:
        """Take the weights of now in."""
        if self.has_begun:
            self._stretches.each(self._mix)
        else:
            self._average[...] = self._weights.data
            self.has_begun = True

    def _mix(self, s: Stretch) -> None:
        # decay a + (1 - decay) w = a + (1 - decay) (w - a)
        (average,) = s.histories
        xp = self._weights.device.xp
        xp.subtract(s.w, average, out=s.spare)
        xp.multiply(s.spare, 1 - self._decay, out=s.spare)
        average += s.spare

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the net have the average as its weights while the block runs.

        What the block makes of them is the average after it.
        """
        self.has_begun = True
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        mine = self._average.copy()
        self._average[...] = self._weights.data
        self._weights.data[...] = mine

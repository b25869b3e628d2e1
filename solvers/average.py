"""The exponential moving average of the weights."""

from collections.abc import Iterator
from contextlib import contextmanager

from netdef.solvers.arenas import on_arenas
from netdef.solvers.method import Method, Numbers, kind_of
from netdef.weights import Segment, Weights

_FOLLOW = "average = average + new * (w - average)"
"""``decay average + (1 - decay) w``, with 1 - decay for ``new``."""


class WeightAverage:
    """Follows all weights of a net: ``a = decay a + (1 - decay) w`` after each iteration.

    It begins as the weights after the first iteration.

    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992,
    with the older iterations forgotten.
    """

    def __init__(self, weights: Weights, decay: float) -> None:
        self._weights = weights
        self._average = weights.device.xp.zeros(len(weights.data), "float32")
        method = Method(("average",), (), _FOLLOW, known={"new": 1 - decay})
        whole = Segment(0, len(weights.data), 1, 1)
        self._numbers: Numbers = {kind_of(whole): {}}
        self._mix = on_arenas(weights, method, {"average": self._average}, [whole])
        self.has_begun = False

    def follow(self) -> None:
        """Take the weights of now in."""
        if self.has_begun:
            self._mix.run(self._numbers)
        else:
            self._average[...] = self._weights.data
            self.has_begun = True

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

"""Update rules whose rate depends on how long the weights and the gradient of a blob are."""

from collections.abc import Sequence
from typing import Any

from netdef.solvers.rule import Rule, Step


class LayerwiseRule(Rule):
    """Base of rules that measure each blob before they change it.

    All stretches of all blobs are measured first; then ``update`` gets the rate times the
    ``trust`` of its blob.
    """

    decays_itself = True

    def measure(
        self, w: Any, g: Any, histories: Sequence[Any], spare: Any, step: Step
    ) -> tuple[float, float]:
        """Return the sums of squares of the weights and of what they are held against.

        May change the histories, ``g`` and ``spare``; ``update`` gets the same gradient again.
        """
        raise NotImplementedError

    def trust(self, weights: float, other: float, decay: float) -> float:
        """Return the factor of a blob's rate from the two L2 norms that ``measure`` began."""
        raise NotImplementedError

    def square(self, x: Any) -> float:
        """Return the sum of squares."""
        return float(self.xp.dot(x, x))

"""A pass forward whose losses are not known yet."""

import math
from collections.abc import Callable, Sequence

from netdef.net import Net
from netdef.solvers.divergence import Stand


class Forwarded:
    """A pass forward of some nets, whose losses are on their way."""

    def __init__(
        self,
        nets: Sequence[Net],
        stands: Sequence[Stand],
        read_losses: Sequence[Callable[[], float]],
    ) -> None:
        self._nets, self._stands, self._read_losses = nets, stands, read_losses
        self._losses: list[float] = []

    def loss(self) -> float:
        """Return the mean of the losses; the first time a GPU is waited for."""
        if not self._losses:
            for net, read_loss in zip(self._nets, self._read_losses, strict=True):
                with net.device.made_current():
                    self._losses.append(read_loss())
        return sum(self._losses) / len(self._losses)

    def broken(self) -> tuple[Net, Stand]:
        """Return the first net whose loss is no number, and where it stood before its batch."""
        rank = [math.isfinite(loss) for loss in self._losses].index(False)
        return self._nets[rank], self._stands[rank]

"""What copies of a net on several GPUs have in common: weights, histories, data, chance."""

from collections.abc import Iterator, Sequence
from typing import Any

from netdef.data.source import State
from netdef.net import Net
from netdef.parallel.communicators import Communicators
from netdef.solvers.resuming import Positions, positions_of, set_positions
from netdef.solvers.update import Update


class Agreement:
    """Lets copies of a net begin as the first one, and sees that they stay equal.

    From then on each has its share of the batches, and of the random numbers of a batch that
    holds all.
    """

    def __init__(
        self, nets: Sequence[Net], updates: Sequence[Update], communicators: Communicators
    ) -> None:
        self._nets, self._updates, self._communicators = nets, updates, communicators
        for rank, net in enumerate(nets):
            # The first takes the last share: it stands behind the batches of all.
            net.clock.share = (rank - 1) % len(nets)
            net.sources.take_share(net.clock.share, len(nets))

    def follow(self) -> None:
        """Let all go on from where the first one stands."""
        self._take_over([[n.weights.data, *u.histories] for n, u in self._pairs()])
        first = self._nets[0]
        for net in self._nets[1:]:
            net.clock.seed, net.clock.iteration = first.clock.seed, first.clock.iteration
            _go_to(net, positions_of(first))

    def _pairs(self) -> Iterator[tuple[Net, Update]]:
        return zip(self._nets, self._updates, strict=True)

    def _take_over(self, arrays: Sequence[Sequence[Any]]) -> None:
        """Put the first one's arrays in place of the others'; there is a row for each."""
        for rank, net in enumerate(self._nets):
            with net.device.made_current():
                net.give_back()
            self._communicators.follow(rank)
        self._communicators.broadcast(arrays)
        self._communicators.lead()
        for net in self._nets[1:]:
            net.weights.version = None

    def restore(self) -> str | None:
        """See whether all weights are still equal, bit for bit; if not, let all follow.

        What has no gradient becomes that of the first one in all, as it will be when a run is
        resumed from here. Return what is wrong, if something is.

        Raises:
            RunError: the GPUs can no longer reach each other.
        """
        self._communicators.check()
        first, *others = (_checksum(net) for net in self._nets)
        wrong = [n.device.name for n, s in zip(self._nets[1:], others, strict=True) if s != first]
        if not wrong:
            self._take_over([[net.weights.data[net.weights.learned :]] for net in self._nets])
            return None
        self.follow()
        return (
            f"the weights of {' and '.join(wrong)} were no longer those of"
            f" {self._nets[0].device.name}, which they take over now; look for faulty memory with"
            " nvidia-smi -q"
        )


def _go_to(net: Net, positions: Positions) -> None:
    """Bring the data of a net to positions, unless they are there: what is read ahead is kept."""
    own = positions_of(net)
    for layer, position in positions.items():
        if _numbers(position) != _numbers(own[layer]):
            set_positions(net, {layer: position})


def _numbers(position: State) -> dict[str, Any]:
    return {name: value for name, value in position.items() if name != "record"}


def _checksum(net: Net) -> int:
    """Return the sum of the bits of all learned weights."""
    weights = net.weights
    with net.device.made_current():
        bits = weights.data[: weights.learned].view("uint32")
        return int(bits.sum(dtype="uint64"))

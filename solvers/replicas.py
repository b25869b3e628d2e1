"""A net in training on one device, or copies of it on several GPUs that learn as one."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from netdef.data.random_words import random_words
from netdef.data.source import State
from netdef.errors import ConfigError, at
from netdef.graph import Graph
from netdef.net import Net
from netdef.parallel.communicators import Communicators
from netdef.parallel.gradients import Gradients
from netdef.proto import SolverParameter
from netdef.solvers.divergence import stand_of
from netdef.solvers.forwarded import Forwarded
from netdef.solvers.halting import Halt
from netdef.solvers.resuming import Positions, positions_of, set_positions
from netdef.solvers.testing import output_values, reading_loss
from netdef.solvers.update import Update

_MADE_BY_EACH = ("Input", "MemoryData", "Python")
"""Types of layers that, without a bottom, hand out data that no source numbers."""
_WRITTEN_BY_EACH = ("HDF5Output",)


class Replicas:
    """The copies of a net; the first one leads: it is tested, displayed and saved.

    They take the batches of its data in turn, so with n copies of a batch of B records an
    iteration sees the records that it would with one batch of n B. Each gradient is the mean
    of theirs, and each copy makes the same update of the same weights. What has no gradient,
    such as the running averages of BatchNorm, is each one's own.

    With one net all of this is as if it were alone. If nobody ``looks_at_gradients`` after an
    update, it sets them to 0 where that costs nothing.
    """

    def __init__(
        self, nets: Sequence[Net], param: SolverParameter, looks_at_gradients: bool = True
    ) -> None:
        self.nets = tuple(nets)
        self.updates: list[Update] = []
        self._halt = Halt(nets[0]) if _can_be_halted(nets) else None
        for net in nets:
            with net.device.made_current():
                clears, halted = not looks_at_gradients, self._halt and self._halt.number
                self.updates.append(Update(net.weights, param, clears, halted))
        for rank, net in enumerate(nets if len(nets) > 1 else ()):
            # The first takes the last share: it stands behind the batches of all.
            net.sources.take_share((rank - 1) % len(nets), len(nets))
        self._communicators = Communicators([n.device for n in nets]) if len(nets) > 1 else None
        self._gradients = Gradients(nets, self._communicators) if self._communicators else None
        self._are_clear = False

    def __len__(self) -> int:
        return len(self.nets)

    @property
    def leader(self) -> Net:
        """The first net."""
        return self.nets[0]

    def follow(self) -> None:
        """Let all go on from where the first one stands: weights, histories, data, chance."""
        self._are_clear = False  # somebody may have run backward
        self._take_over([[n.weights.data, *u.histories] for n, u in self._pairs()])
        clock = self.leader.clock
        for rank, net in enumerate(self.nets[1:], 1):
            net.clock.seed = _seed(clock.seed, rank)
            net.clock.iteration = clock.iteration
            _go_to(net, positions_of(self.leader))

    def _pairs(self) -> Iterator[tuple[Net, Update]]:
        return zip(self.nets, self.updates, strict=True)

    def _take_over(self, arrays: Sequence[Sequence[Any]]) -> None:
        """Put the first one's arrays in place of the others'; there is a row for each."""
        if self._communicators is None:
            return
        for rank, net in enumerate(self.nets):
            with net.device.made_current():
                net.give_back()
            self._communicators.follow(rank)
        self._communicators.broadcast(arrays)
        self._communicators.lead()
        for net in self.nets[1:]:
            net.weights.version = None

    def clear(self) -> None:
        """Set the gradients of all weights to 0, unless the last update did."""
        for net in () if self._are_clear else self.nets:
            with net.device.made_current():
                net.clear_param_diffs()

    def forward(self) -> Forwarded:
        """Run each forward on the next batch."""
        stands, read_losses = [], []
        for net in self.nets:
            with net.device.made_current():
                stands.append(stand_of(net))
                net.forward()
                read_losses.append(reading_loss(net))
        if self._halt:
            self._halt.watch()
        return Forwarded(self.nets, stands, read_losses)

    @property
    def go_ahead(self) -> bool:
        """True if backward may be begun before the losses are known.

        A GPU goes on with it while the host waits for them. What it adds to the gradients goes
        with them if a loss is no number.
        """
        return self.leader.device.is_gpu

    @property
    def halts(self) -> bool:
        """True if a loss that is no number stops all updates behind it, known or not."""
        return self._halt is not None

    def end_halt(self) -> None:
        """Let updates go on, after a loss that was no number."""
        if self._halt:
            self._halt.end()
        self._are_clear = False

    def backward(self, is_last: bool) -> None:
        """Add to the gradients; the last time in an iteration they become the mean of all.

        (g_1 + ... + g_n) / n, for each weight, as one batch of all records has it.
        """
        self._are_clear = False
        if self._gradients is not None and is_last:
            self._gradients.backward_and_average()
            return
        for net in self.nets:
            with net.device.made_current():
                net.backward()

    def learn(self, rate: float, iteration: int) -> None:
        """Change the weights of all by their gradients, which are the same."""
        for net, update in self._pairs():
            with net.device.made_current():
                net.give_back()
                update.apply(rate, iteration, net.loss_scale)
        self._are_clear = all(update.clears for update in self.updates)

    def output_values(self) -> dict[str, np.ndarray]:
        """Return the outputs of the last pass; of single numbers, the means over all."""
        each = []
        for net in self.nets:
            with net.device.made_current():
                each.append(output_values(net))
        return {
            name: np.mean([values[name] for values in each], axis=0) if own.size == 1 else own
            for name, own in each[0].items()
        }

    def agree(self) -> str | None:
        """See before a snapshot whether all weights are still equal, bit for bit.

        What has no gradient becomes that of the first one in all, as it will be when the run is
        resumed. Return what is wrong, if something is; then the weights do too.

        Raises:
            RunError: the GPUs can no longer reach each other.
        """
        if self._communicators is None:
            return None
        self._communicators.check()
        sums = [_checksum(net) for net in self.nets]
        if len(set(sums)) == 1:
            self._take_over([[net.weights.data[net.weights.learned :]] for net in self.nets])
            return None
        self.follow()
        wrong = [n.device.name for n, s in zip(self.nets, sums, strict=True) if s != sums[0]]
        return (
            f"the weights of {' and '.join(wrong)} were no longer those of"
            f" {self.leader.device.name}, which they take over now; look for faulty memory with"
            " nvidia-smi -q"
        )


def _can_be_halted(nets: Sequence[Net]) -> bool:
    """Tell whether losses can stop updates by themselves: on one GPU, if each is one number."""
    (net, *others) = nets
    is_alone = net.device.is_gpu and not others
    return is_alone and all(net.blobs[name].count == 1 for name in net.loss_weights)


def check_sharing(graph: Graph) -> None:
    """See whether copies of a net can take its batches in turn, and write no common file.

    Raises:
        ConfigError: they cannot; with the mend.
    """
    for node in graph.nodes:
        if not node.bottoms and node.type in _MADE_BY_EACH:
            why = (
                "hands out data that several GPUs cannot share; read them by a layer with a source,"
                " such as Data, or train on one GPU"
            )
        elif node.type in _WRITTEN_BY_EACH:
            why = "writes a file that all GPUs would write at once; remove it, or train on one GPU"
        else:
            continue
        with at(str(node)):
            raise ConfigError(why)


def _go_to(net: Net, positions: Positions) -> None:
    """Bring the data of a net to positions, unless they are there: what is read ahead is kept."""
    own = positions_of(net)
    for layer, position in positions.items():
        if _numbers(position) != _numbers(own[layer]):
            set_positions(net, {layer: position})


def _numbers(position: State) -> dict[str, Any]:
    return {name: value for name, value in position.items() if name != "record"}


def _seed(seed: int, rank: int) -> int:
    """Return the seed of a copy's random layers: each draws numbers of its own."""
    return int(random_words(seed, "replicas", rank, 1)[0, 0])


def _checksum(net: Net) -> int:
    """Return the sum of the bits of all learned weights."""
    weights = net.weights
    with net.device.made_current():
        bits = weights.data[: weights.learned].view("uint32")
        return int(bits.sum(dtype="uint64"))

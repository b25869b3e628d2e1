"""A net in training on one device, or copies of it on several GPUs that learn as one."""

from collections.abc import Sequence

import numpy as np

from netdef.net import Net
from netdef.parallel.communicators import Communicators
from netdef.parallel.gradients import Gradients
from netdef.proto import SolverParameter
from netdef.solvers.agreement import Agreement
from netdef.solvers.divergence import stand_of
from netdef.solvers.forwarded import Forwarded
from netdef.solvers.halting import Halt
from netdef.solvers.testing import output_values, reading_loss
from netdef.solvers.update import Update


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
        self._agreement: Agreement | None = None
        self._gradients: Gradients | None = None
        if len(nets) > 1:
            communicators = Communicators([net.device for net in nets])
            self._agreement = Agreement(self.nets, self.updates, communicators)
            self._gradients = Gradients(self.nets, communicators)
        self._are_clear = False

    def __len__(self) -> int:
        return len(self.nets)

    @property
    def leader(self) -> Net:
        """The first net."""
        return self.nets[0]

    def follow(self) -> None:
        """Let all go on from where the first one stands: weights, histories, data, chance."""
        self.end_halt()  # somebody may have run something else meanwhile
        if self._agreement:
            self._agreement.follow()

    def agree(self) -> str | None:
        """See before a snapshot whether all weights are still equal; see ``Agreement``."""
        return self._agreement.restore() if self._agreement else None

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
        """Let updates go on, after a loss that was no number; gradients are cleared first."""
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
        for net, update in zip(self.nets, self.updates, strict=True):
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


def _can_be_halted(nets: Sequence[Net]) -> bool:
    """Tell whether losses can stop updates by themselves: on one GPU, if each is one number."""
    (net, *others) = nets
    is_alone = net.device.is_gpu and not others
    return is_alone and all(net.blobs[name].count == 1 for name in net.loss_weights)

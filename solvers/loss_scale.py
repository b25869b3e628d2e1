"""The factor that keeps small gradients among the numbers of float16."""

from collections.abc import Sequence

from netdef.errors import Diverged
from netdef.net import Net
from netdef.proto import SolverParameter

_FIRST = 2.0**16
_LEAST, _LARGEST = 2.0**-14, 2.0**24
_PATIENCE = 2000
"""Iterations with gradients that are numbers, after which a larger factor is tried."""


class LossScale:
    """What gradients are multiplied by on their way back, for float16 ends at 6e-8 and 65504.

    The update divides by it again, which a power of two makes exact. ``loss_scale`` fixes the
    factor. Without it, it is 1; but in precision FP16 it begins as 2^16, is halved when a gradient
    is no number, and doubled after 2000 iterations since it last changed.

    Source: Micikevicius and others, Mixed precision training, 2018.
    """

    def __init__(self, param: SolverParameter, nets: Sequence[Net]) -> None:
        self._nets = nets
        self.is_searched = nets[0].precision == "FP16" and not param.HasField("loss_scale")
        self.held = 0
        """Iterations since it last changed."""
        first = param.loss_scale if param.HasField("loss_scale") else 1.0
        self._set(_FIRST if self.is_searched else first)

    def _set(self, value: float) -> None:
        self.value = value
        for net in self._nets:
            with net.device.made_current():
                net.scale_losses(value)

    def is_exceeded(self) -> bool:
        """Say whether a gradient is no number; then the next iteration has a smaller factor.

        Looked at is what all nets have in common, the mean of their gradients.

        Raises:
            Diverged: no factor helps.
        """
        weights = self._nets[0].weights
        if not self.is_searched or bool(weights.device.xp.isfinite(weights.grad).all()):
            return False
        self._set(self.value / 2)
        self.held = 0
        if self.value < _LEAST:
            raise Diverged(
                f"a gradient is no number whatever the loss_scale, {_FIRST:g} to {_LEAST:g}; lower"
                " base_lr, or use precision: BF16"
            )
        return True

    def hold(self) -> bool:
        """Count an iteration whose gradients were numbers; say whether the factor grew."""
        self.held += self.is_searched
        if self.held < _PATIENCE or self.value >= _LARGEST:
            return False
        self._set(self.value * 2)
        self.held = 0
        return True

    def go_on(self, value: float, held: int) -> None:
        """Go on from a snapshot; nothing changes if the factor is fixed."""
        if self.is_searched:
            self._set(value)
            self.held = held

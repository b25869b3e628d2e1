"""Channels of groups, mixed."""

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class ShuffleChannel(Layer, message="shuffle_channel_param"):
    """Take the first channel of each group, then the second of each ... (ShuffleNet, Zhang 2017).

    So the next grouped convolution sees channels of every group.

    Shapes:
        x, y: ``(N, C, ...)``, C a multiple of ``group``.

    Raises:
        ShapeError: C does not divide into ``group`` groups.
    """

    group: int = field(at_least=1)

    def infer(self, x: Shape) -> Signature:
        channels = x[x.axis(1)]
        if channels % self.group:
            raise ShapeError(f"{channels} channels do not divide into {self.group} groups")
        return Signature([x])

    def _mixed(self, x: Array) -> Array:
        """View x as (N, channels of a group, groups, ...)."""
        items, channels, *image = x.shape
        grouped = x.reshape(items, self.group, channels // self.group, *image)
        return grouped.transpose(0, 2, 1, *range(3, 3 + len(image)))

    def _parted(self, y: Array) -> Array:
        items, channels, *image = y.shape
        return y.reshape(items, channels // self.group, self.group, *image)

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        ops.copy(self._mixed(x), out=self._parted(y))

    def backward(self, ops: Ops, dy: Array, grad: Grad) -> None:
        ops.copy(self._parted(dy), out=self._mixed(grad.x))

"""Group normalization."""

from netdef.errors import ShapeError
from netdef.layer import Grad, Saved, Signature, field
from netdef.layers.standardized import Standardized
from netdef.ops import Array, Ops
from netdef.shape import Shape


class GroupNorm(Standardized, message="group_norm_param"):
    """Bring groups of channels of each item to mean 0 and variance 1 (Wu 2018).

    ``y = (x - mean) / sqrt(variance + eps) * weight + bias``, with the mean and variance of
    a group's channels and pixels; weight begins at 1 without a ``filler``. ``group: 1``
    takes all channels together, as many groups as channels each by itself.

    Shapes:
        x, y: ``(N, C, ...)``, C a multiple of ``group``.
        weight: ``(C,)``, absent unless ``scale_term``.
        bias: ``(C,)``, absent unless ``bias_term``.

    Raises:
        ShapeError: C does not divide into ``group`` groups.
    """

    group: int = field(at_least=1)

    def infer(self, x: Shape) -> Signature:
        channels = x[x.axis(1)]
        if channels % self.group:
            raise ShapeError(f"{channels} channels do not divide into {self.group} groups")
        by_channel = ("mean", "inverse_std", "sums", "along", "factor")
        saved = [Saved(name, (x[0], channels)) for name in by_channel]
        saved.append(Saved("total", (x[0], self.group, 1)))
        return Signature([x], self.scale_and_bias((channels,)), saved)

    # Images may lie in memory in any order: it is their channels that are summed first, and
    # then those of a group. What is left of an image is a number for each of its channels.

    def forward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        mean: Array,
        inverse_std: Array,
        sums: Array,
        total: Array,
        factor: Array,
        weight: Array | None = None,
        bias: Array | None = None,
    ) -> None:
        pixels = tuple(range(2, x.ndim))
        ops.sum(x, pixels, out=sums)
        self._total(ops, sums, total)
        count = x.size // total.size
        ops.map("total / count", total=total, count=count, out=self._parted(mean))
        ops.map("x - m", x=x, m=_wide(mean, x), out=y)
        ops.sum_product(y, y, pixels, out=sums)
        self._total(ops, sums, total)
        text = "1 / sqrt(total / count + eps)"
        ops.map(text, total=total, count=count, eps=self.eps, out=self._parted(inverse_std))
        if weight is not None:
            ops.map("inverse * weight", inverse=inverse_std, weight=weight, out=factor)
        scale = inverse_std if weight is None else factor
        small = {"factor": _wide(scale, x)} | ({} if bias is None else {"bias": _wide(bias, x)})
        ops.map("y * factor" + " + bias" * self.bias_term, y=y, **small, out=y)

    def _total(self, ops: Ops, channels: Array, total: Array) -> None:
        """Add up the channels of each group."""
        parted = self._parted(channels)
        ops.sum(parted, (2,), out=total.reshape(parted.shape[:2]))

    def _parted(self, channels: Array) -> Array:
        """View ``(N, C)`` as ``(N, groups, channels of a group)``."""
        return channels.reshape(channels.shape[0], self.group, -1)

    def backward(
        self,
        ops: Ops,
        x: Array,
        dy: Array,
        mean: Array,
        inverse_std: Array,
        sums: Array,
        along: Array,
        total: Array,
        factor: Array,
        grad: Grad,
        weight: Array | None = None,
    ) -> None:
        """``dx = i w dy - (i mean(w dy) + (x - m) i^3 mean(w dy (x - m)))``, i = inverse_std."""
        pixels, count = tuple(range(2, x.ndim)), x.size // total.size
        ops.sum(dy, pixels, out=sums)
        ops.sum_product(x, dy, pixels, out=along)
        ops.map("along - m * sums", along=along, m=mean, sums=sums, out=along)
        if grad.weight is not None:
            ops.sum_product(along, inverse_std, (0,), add_to=grad.weight)
        if grad.bias is not None:
            ops.sum(sums, (0,), add_to=grad.bias)
        if grad.x is None:
            return
        if weight is not None:
            for channels in (sums, along):
                ops.map("s * weight", s=channels, weight=weight, out=channels)
        inverse = self._parted(inverse_std)
        for channels, text in ((sums, "i * total / count"), (along, "i * i * i * total / count")):
            self._total(ops, channels, total)
            ops.map(text, i=inverse, total=total, count=count, out=self._parted(channels))
        small = dict(f=inverse_std if weight is None else factor, s=sums, m=mean, a=along)
        wide = {name: _wide(channels, x) for name, channels in small.items()}
        ops.map("dy * f - (s + (x - m) * a)", x=x, dy=dy, **wide, out=grad.x)


def _wide(channels: Array, x: Array) -> Array:
    """View ``(N, C)`` or ``(C,)`` beside x."""
    shape = (1, *channels.shape)[-2:]
    return channels.reshape(*shape, *(1,) * (x.ndim - 2))

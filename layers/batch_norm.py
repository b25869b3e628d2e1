"""Batch normalization, without scale and bias."""

from netdef.errors import ShapeError
from netdef.layer import Filler, Grad, Layer, Saved, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class BatchNorm(Layer, message="batch_norm_param"):
    """Bring each channel to mean 0 and variance 1 (Ioffe 2015); a Scale layer follows.

    ``y = (x - mean) / sqrt(variance + eps)``, with the mean and the biased variance of the
    batch while training, and running ones, divided by ``factor``, else or with
    ``use_global_stats``. Each training pass updates ``mean = moving_average_fraction mean +
    batch mean``, variance so with the unbiased one, and ``factor`` so with 1.

    Shapes:
        x, y: ``(N, C, ...)``; one axis alone counts as one channel.
        mean, variance: ``(C,)``, and factor: ``(1,)``; not learned.

    Raises:
        ShapeError: x is a single number.
    """

    use_global_stats: bool
    moving_average_fraction: float = field(at_least=0, at_most=1)
    eps: float = field(at_least=0)

    @property
    def _uses_running(self) -> bool:
        return not self.training if self.use_global_stats is None else self.use_global_stats

    def infer(self, x: Shape) -> Signature:
        if not x:
            raise ShapeError("a bottom of shape () has no axes to normalize")
        channels, zero = (x[1] if len(x) > 1 else 1), Filler(type="constant", value=0)
        names = {"running_mean": channels, "running_variance": channels, "factor": 1}
        weights = [Weight(n, (count,), zero, is_learned=False) for n, count in names.items()]
        saved = [Saved(n, Shape((channels,))) for n in ("mean", "variance", "inverse_std")]
        return Signature([x], weights, saved)

    def forward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        running_mean: Array,
        running_variance: Array,
        factor: Array,
        mean: Array,
        variance: Array,
        inverse_std: Array,
    ) -> None:
        x, y = _channels(x), _channels(y)
        running = ((running_mean, mean), (running_variance, variance))
        if self._uses_running:
            for total, value in running:
                text = "total * (factor > 0) / maximum(factor, 1e-30)"
                ops.map(text, total=total, factor=factor, out=value)
        else:
            ops.batch_statistics(x, mean=mean, variance=variance)
            count = x.size // x.shape[1]
            unbiased = count / max(count - 1, 1)
            for (total, value), correction in zip(running, (1, unbiased), strict=True):
                self._update(ops, total, value, correction)
            ops.map("keep * f + 1", f=factor, keep=self.moving_average_fraction, out=factor)
        ops.map("1 / sqrt(variance + eps)", variance=variance, eps=self.eps, out=inverse_std)
        wide = (1, -1, *(1,) * (x.ndim - 2))
        m, scale = mean.reshape(wide), inverse_std.reshape(wide)
        ops.map("(x - mean) * scale", x=x, mean=m, scale=scale, out=y)

    def _update(self, ops: Ops, total: Array, value: Array, correction: float) -> None:
        keep = self.moving_average_fraction
        text = "keep * total + correction * value"
        ops.map(text, total=total, value=value, keep=keep, correction=correction, out=total)

    def backward(self, ops: Ops, y: Array, dy: Array, inverse_std: Array, grad: Grad) -> None:
        y, dy, dx = _channels(y), _channels(dy), _channels(grad.x)
        if self._uses_running:
            scale = inverse_std.reshape(1, -1, *(1,) * (dy.ndim - 2))
            ops.map("dy * scale", dy=dy, scale=scale, out=dx)
        else:
            ops.batch_norm_grad(y, dy, inverse_std, out=dx)


def _channels(x: Array) -> Array:
    """View x as (N, C, ...), with one channel if it has one axis."""
    return x if x.ndim > 1 else x.reshape(-1, 1)

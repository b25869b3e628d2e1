"""Batch normalization."""

from netdef.errors import ShapeError
from netdef.layer import Filler, Grad, Layer, Saved, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape

_ONE, _ZERO = (Filler(type="constant", value=value) for value in (1, 0))


class BatchNorm(Layer, message="batch_norm_param"):
    """Bring each channel to mean 0 and variance 1 (Ioffe 2015); a Scale layer follows.

    ``y = (x - mean) / sqrt(variance + eps)``, with the mean and the biased variance of the
    batch while training, and running ones, divided by ``factor``, else or with
    ``use_global_stats``. Each training pass updates ``mean = moving_average_fraction mean +
    batch mean``, variance so with the unbiased one, and ``factor`` so with 1. With
    ``scale_bias``, or one of its fillers, ``y scale + bias`` comes out (NVCaffe), and no Scale
    layer need follow; scale begins at 1 without a filler.

    Shapes:
        x, y: ``(N, C, ...)``; one axis alone counts as one channel.
        mean, variance: ``(C,)``, and factor: ``(1,)``; not learned.
        scale, bias: ``(C,)``.

    Raises:
        ShapeError: x is a single number.
    """

    use_global_stats: bool
    moving_average_fraction: float = field(at_least=0, at_most=1)
    eps: float = field(at_least=0)
    scale_bias: bool
    scale_filler: Filler
    bias_filler: Filler

    @property
    def _has_scale(self) -> bool:
        fillers = self.scale_filler.ListFields() or self.bias_filler.ListFields()
        return self.scale_bias or bool(fillers)

    @property
    def _uses_running(self) -> bool:
        return not self.training if self.use_global_stats is None else self.use_global_stats

    def infer(self, x: Shape) -> Signature:
        if not x:
            raise ShapeError("a bottom of shape () has no axes to normalize")
        channels = x[1] if len(x) > 1 else 1
        names = {"running_mean": channels, "running_variance": channels, "factor": 1}
        weights = [Weight(n, (count,), _ZERO, is_learned=False) for n, count in names.items()]
        saved = [Saved(n, Shape((channels,))) for n in ("mean", "variance", "inverse_std")]
        if self._has_scale:
            filler = self.scale_filler if self.scale_filler.ListFields() else _ONE
            weights.append(Weight("scale", (channels,), filler))
            weights.append(Weight("bias", (channels,), self.bias_filler))
            saved += [Saved("normal", x), Saved("flow", x)]
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
        scale: Array | None = None,
        bias: Array | None = None,
        normal: Array | None = None,
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
        m, s = _wide(x, mean), _wide(x, inverse_std)
        standard = y if normal is None else _channels(normal)
        ops.map("(x - mean) * s", x=x, mean=m, s=s, out=standard)
        if scale is not None:
            learned = dict(scale=_wide(x, scale), bias=_wide(x, bias))
            ops.map("x * scale + bias", x=standard, **learned, out=y)

    def _update(self, ops: Ops, total: Array, value: Array, correction: float) -> None:
        keep = self.moving_average_fraction
        text = "keep * total + correction * value"
        ops.map(text, total=total, value=value, keep=keep, correction=correction, out=total)

    def backward(
        self,
        ops: Ops,
        y: Array,
        dy: Array,
        inverse_std: Array,
        grad: Grad,
        scale: Array | None = None,
        normal: Array | None = None,
        flow: Array | None = None,
    ) -> None:
        y, dy = _channels(y), _channels(dy)
        if scale is not None:
            y, others = _channels(normal), (0, *range(2, dy.ndim))
            if grad.scale is not None:
                ops.sum_product(y, dy, others, add_to=grad.scale)
            if grad.bias is not None:
                ops.sum(dy, others, add_to=grad.bias)
        if grad.x is None:
            return
        if scale is not None:
            weighed = _channels(flow)
            ops.map("dy * scale", dy=dy, scale=_wide(dy, scale), out=weighed)
            dy = weighed
        if self._uses_running:
            ops.map("dy * s", dy=dy, s=_wide(dy, inverse_std), out=_channels(grad.x))
        else:
            ops.batch_norm_grad(y, dy, inverse_std, out=_channels(grad.x))


def _channels(x: Array) -> Array:
    """View x as (N, C, ...), with one channel if it has one axis."""
    return x if x.ndim > 1 else x.reshape(-1, 1)


def _wide(x: Array, small: Array) -> Array:
    """View one number for each channel in as many axes as x."""
    return small.reshape(1, -1, *(1,) * (x.ndim - 2))

"""Batch normalization with scale and bias, in the two kinds that forks call BN."""

from netdef.errors import FieldError, ShapeError
from netdef.layer import Filler, Grad, Layer, Saved, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape

_ONE, _ZERO = (Filler(type="constant", value=value) for value in (1, 0))
_SEGNET_EPS = 1e-9


class BN(Layer, message="bn_param"):
    """Bring each channel to mean 0 and variance 1, then scale and shift it.

    ``y = (x - mean) / sqrt(variance + eps) * slope + bias``; slope begins at 1 without a
    filler. PSPNet's kind has running statistics: training passes take the batch's, and
    update ``running = momentum running + (1 - momentum) batch``; tests take the running
    ones. So do, with ``frozen``, training passes, which then change nothing; set
    ``decay_mult: 0`` too. SegNet's kind (``scale_filler``, ``shift_filler`` or ``bn_mode`` is
    given) always takes the batch's, and eps is 1e-9, or, with ``bn_mode: INFERENCE``, only
    scales and shifts: ``y = slope x + bias``.

    Shapes:
        x, y: ``(N, C, ...)``.
        slope, bias: ``(1, C, 1, 1)``.
        running_mean, running_variance: ``(1, C, 1, 1)``; not learned, absent in SegNet's kind.

    Raises:
        FieldError: fields of both kinds are given.
        ShapeError: x has no channels.
    """

    slope_filler: Filler
    bias_filler: Filler
    momentum: float = field(at_least=0, at_most=1)
    eps: float = field(at_least=0)
    frozen: bool
    engine: str
    scale_filler: Filler
    shift_filler: Filler
    bn_mode: str | None

    def __post_init__(self) -> None:
        super().__post_init__()
        given = (self.slope_filler.ListFields(), self.bias_filler.ListFields(), self.frozen)
        if self._is_segnet and any(given):
            raise FieldError(
                "scale_filler, shift_filler and bn_mode are SegNet's, slope_filler, bias_filler and"
                " frozen PSPNet's; keep those of one"
            )

    @property
    def _is_segnet(self) -> bool:
        fillers = self.scale_filler.ListFields() or self.shift_filler.ListFields()
        return self.bn_mode is not None or bool(fillers)

    @property
    def _statistics(self) -> str:
        """Whose mean and variance are taken: the batch's, the running ones, or none."""
        if self._is_segnet:
            return "none" if self.bn_mode == "INFERENCE" else "batch"
        return "batch" if self.training and not self.frozen else "running"

    def infer(self, x: Shape) -> Signature:
        if len(x) < 2:
            raise ShapeError(f"a bottom of shape {x} has no channels at axis 1")
        wide = (1, x[1], 1, 1)
        slope, bias = self.slope_filler, self.bias_filler
        if self._is_segnet:
            slope, bias = self.scale_filler, self.shift_filler
        slope = slope if slope.ListFields() else _ONE
        weights = [Weight("slope", wide, slope), Weight("bias", wide, bias)]
        if not self._is_segnet:
            first = _ONE if self.frozen else _ZERO
            weights.append(Weight("running_mean", wide, _ZERO, is_learned=False))
            weights.append(Weight("running_variance", wide, first, is_learned=False))
        saved = [Saved(n, x[1:2]) for n in ("mean", "variance", "inverse_std")]
        return Signature([x], weights, [*saved, Saved("normal", x), Saved("flow", x)])

    def forward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        slope: Array,
        bias: Array,
        mean: Array,
        variance: Array,
        inverse_std: Array,
        running_mean: Array = None,
        running_variance: Array = None,
    ) -> None:
        wide = dict(slope=_wide(x, slope), bias=_wide(x, bias))
        if self._statistics == "none":
            ops.map("x * slope + bias", x=x, **wide, out=y)
            return
        if self._statistics == "running":
            ops.copy(running_mean.reshape(-1), out=mean)
            ops.copy(running_variance.reshape(-1), out=variance)
        else:
            ops.batch_statistics(x, mean=mean, variance=variance)
            if running_mean is not None:
                self._update(ops, running_mean, mean)
                self._update(ops, running_variance, variance)
        eps = _SEGNET_EPS if self._is_segnet else self.eps
        ops.map("1 / sqrt(v + eps)", v=variance, eps=eps, out=inverse_std)
        wide |= dict(mean=_wide(x, mean), scale=_wide(x, inverse_std))
        ops.map("(x - mean) * scale * slope + bias", x=x, **wide, out=y)

    def _update(self, ops: Ops, running: Array, value: Array) -> None:
        total = running.reshape(-1)
        text = "keep * total + (1 - keep) * value"
        ops.map(text, total=total, value=value, keep=self.momentum, out=total)

    def backward(
        self,
        ops: Ops,
        x: Array,
        dy: Array,
        slope: Array,
        mean: Array,
        inverse_std: Array,
        normal: Array,
        flow: Array,
        grad: Grad,
    ) -> None:
        factor, others = _wide(x, slope), (0, *range(2, x.ndim))
        scale = _wide(x, inverse_std)
        if self._statistics != "none":
            ops.map("(x - mean) * scale", x=x, mean=_wide(x, mean), scale=scale, out=normal)
        weighed = x if self._statistics == "none" else normal
        if grad.slope is not None and not self.frozen:
            ops.sum_product(weighed, dy, others, add_to=grad.slope.reshape(-1))
        if grad.bias is not None and not self.frozen:
            ops.sum(dy, others, add_to=grad.bias.reshape(-1))
        if grad.x is None:
            return
        if self._statistics == "batch":
            ops.map("dy * slope", dy=dy, slope=factor, out=flow)
            ops.batch_norm_grad(normal, flow, inverse_std, out=grad.x)
        elif self._statistics == "running":
            ops.map("dy * slope * scale", dy=dy, slope=factor, scale=scale, out=grad.x)
        else:
            ops.map("dy * slope", dy=dy, slope=factor, out=grad.x)


def _wide(x: Array, small: Array) -> Array:
    """View one number for each channel in as many axes as x."""
    return small.reshape(1, -1, *(1,) * (x.ndim - 2))

"""Layer normalization."""

from netdef.layer import Grad, Saved, Signature
from netdef.layers.standardized import Standardized
from netdef.ops import Array, Ops
from netdef.shape import Shape


class LayerNorm(Standardized, message="layer_norm_param"):
    """Bring each item to mean 0 and variance 1 over the axes from ``axis`` on (Ba 2016).

    ``y = (x - mean) / sqrt(variance + eps) * weight + bias``; weight begins at 1 without a
    ``filler``.

    Shapes:
        x, y: any that has ``axis``.
        weight: the axes from ``axis`` on, absent unless ``scale_term``.
        bias: the same, absent unless ``bias_term``.

    Raises:
        ShapeError: x has no axis ``axis``.
    """

    axis: int

    def infer(self, x: Shape) -> Signature:
        axis = x.axis(self.axis)
        rows = (Shape(x[:axis]).size,)
        weights = self.scale_and_bias(tuple(x[axis:]))
        return Signature([x], weights, [Saved("mean", rows), Saved("variance", rows)])

    def _rows(self, x: Array) -> Array:
        """View x as a matrix with one row for each item."""
        return x.reshape(Shape(x.shape[: self.axis % x.ndim]).size, -1)

    def forward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        mean: Array,
        variance: Array,
        weight: Array | None = None,
        bias: Array | None = None,
    ) -> None:
        ops.layer_norm(
            self._rows(x),
            self.eps,
            scale=_flat(weight),
            bias=_flat(bias),
            out=self._rows(y),
            mean=mean,
            variance=variance,
        )

    def backward(
        self,
        ops: Ops,
        x: Array,
        dy: Array,
        mean: Array,
        variance: Array,
        grad: Grad,
        weight: Array | None = None,
    ) -> None:
        if grad.x is None and grad.weight is None and grad.bias is None:
            return
        ops.layer_norm_back(
            self._rows(x),
            self._rows(dy),
            mean,
            variance,
            self.eps,
            scale=_flat(weight),
            out=None if grad.x is None else self._rows(grad.x),
            add_scale=_flat(grad.weight),
            add_bias=_flat(grad.bias),
        )


def _flat(small: Array | None) -> Array | None:
    return None if small is None else small.reshape(-1)

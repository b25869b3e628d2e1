"""What LayerNorm and GroupNorm share: parts of each item brought to mean 0 and variance 1."""

from netdef.layer import Filler, Grad, Layer, Saved, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape

_ONE = Filler(type="constant", value=1)


class Standardized(Layer, message="layer_norm_param", is_abstract=True):
    """Base of layers that look at x as rows, each brought to mean 0 and variance 1.

    ``y = (x - mean) / sqrt(variance + eps) * weight + bias``. A row is a run of neighbours in
    memory; a subclass says how many there are, and along which axes weight and bias lie.
    """

    eps: float = field(at_least=0)
    scale_term: bool
    bias_term: bool
    filler: Filler
    bias_filler: Filler

    def _rows(self, x: Shape) -> int:
        raise NotImplementedError

    def _span(self, axes: int) -> range:
        """Return the axes that weight and bias have."""
        raise NotImplementedError

    def infer(self, x: Shape) -> Signature:
        rows = (self._rows(x),)
        shape = tuple(x[axis] for axis in self._span(len(x)))
        filler = self.filler if self.filler.ListFields() else _ONE
        weights = [Weight("weight", shape, filler)] if self.scale_term else []
        if self.bias_term:
            weights.append(Weight("bias", shape, self.bias_filler))
        saved = [Saved(name, rows) for name in ("mean", "variance", "inverse_std")]
        return Signature([x], weights, [*saved, Saved("normal", x), Saved("flow", x)])

    def _wide(self, x: Array, small: Array) -> Array:
        """View a weight in as many axes as x."""
        span = self._span(x.ndim)
        return small.reshape(tuple(n if i in span else 1 for i, n in enumerate(x.shape)))

    def _by_row(self, x: Array) -> Array:
        """View x as (1, rows, length), so that a row counts as a channel."""
        return x.reshape(1, self._rows(Shape(x.shape)), -1)

    def forward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        mean: Array,
        variance: Array,
        inverse_std: Array,
        normal: Array,
        weight: Array | None = None,
        bias: Array | None = None,
    ) -> None:
        rows = self._by_row(x)
        ops.batch_statistics(rows, mean=mean, variance=variance)
        ops.map("1 / sqrt(v + eps)", v=variance, eps=self.eps, out=inverse_std)
        m, scale = mean.reshape(1, -1, 1), inverse_std.reshape(1, -1, 1)
        ops.map("(x - m) * scale", x=rows, m=m, scale=scale, out=self._by_row(normal))
        operands = dict(weight=weight, bias=bias)
        wide = {n: self._wide(x, a) for n, a in operands.items() if a is not None}
        text = "normal" + " * weight" * self.scale_term + " + bias" * self.bias_term
        ops.map(text, normal=normal, **wide, out=y)

    def backward(
        self,
        ops: Ops,
        dy: Array,
        normal: Array,
        inverse_std: Array,
        flow: Array,
        grad: Grad,
        weight: Array | None = None,
    ) -> None:
        others = tuple(i for i in range(dy.ndim) if i not in self._span(dy.ndim))
        if grad.weight is not None:
            ops.sum_product(normal, dy, others, add_to=grad.weight)
        if grad.bias is not None:
            ops.sum(dy, others, add_to=grad.bias)
        if grad.x is not None:
            if weight is not None:
                ops.map("dy * weight", dy=dy, weight=self._wide(dy, weight), out=flow)
            error = dy if weight is None else flow
            rows = [self._by_row(a) for a in (normal, error, grad.x)]
            ops.batch_norm_grad(rows[0], rows[1], inverse_std, out=rows[2])

"""Division by the L2 norm."""

from netdef.errors import ShapeError
from netdef.layer import Filler, Grad, Layer, Saved, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Normalize(Layer, message="norm_param"):
    """Divide by the L2 norm and scale: ``y = weight x / sqrt(sum x^2 + eps)``.

    The sum is over all of an item, or, unless ``across_spatial``, over the channels of
    each pixel (ParseNet, Liu 2015; SSD).

    Shapes:
        x, y: ``(N, C, ...)``.
        weight: ``(C,)``, or ``()`` if ``channel_shared``; it begins at 1 without a filler.

    Raises:
        ShapeError: x has no channels.
    """

    across_spatial: bool
    scale_filler: Filler
    channel_shared: bool
    eps: float = field(at_least=0)

    def infer(self, x: Shape) -> Signature:
        if len(x) < 2:
            raise ShapeError(f"a bottom of shape {x} has no channels at axis 1")
        filler = self.scale_filler if self.scale_filler.ListFields() else _ONE
        weight = Weight("weight", () if self.channel_shared else x[1:2], filler)
        square = Shape(x[a] for a in range(len(x)) if a not in self._summed(len(x)))
        sums = [Saved("inverse_norm", square), Saved("along", square)]
        return Signature([x], [weight], [Saved("buffer", x), *sums])

    def _summed(self, axes: int) -> tuple[int, ...]:
        """Return the axes that the norm is over."""
        return tuple(range(1, axes)) if self.across_spatial else (1,)

    def _wide(self, x: Array, small: Array) -> Array:
        """View what is left of x's axes in as many axes as x."""
        summed = self._summed(x.ndim)
        return small.reshape(tuple(1 if a in summed else n for a, n in enumerate(x.shape)))

    def _scale(self, x: Array, weight: Array) -> Array:
        return weight.reshape(1, -1, *(1,) * (x.ndim - 2))

    def forward(self, ops: Ops, x: Array, y: Array, weight: Array, inverse_norm: Array) -> None:
        ops.sum_product(x, x, self._summed(x.ndim), out=inverse_norm)
        ops.map("1 / sqrt(s + eps)", s=inverse_norm, eps=self.eps, out=inverse_norm)
        inverse, scale = self._wide(x, inverse_norm), self._scale(x, weight)
        ops.map("x * inverse * scale", x=x, inverse=inverse, scale=scale, out=y)

    def backward(
        self,
        ops: Ops,
        x: Array,
        dy: Array,
        weight: Array,
        inverse_norm: Array,
        along: Array,
        buffer: Array,
        grad: Grad,
    ) -> None:
        """``dx = (g - x sum(g x) / norm^2) / norm``, ``g = weight dy``."""
        inverse, scale = self._wide(x, inverse_norm), self._scale(x, weight)
        if grad.weight is not None:
            ops.map("dy * inverse", dy=dy, inverse=inverse, out=buffer)
            every = (0, *range(2, x.ndim)) if not self.channel_shared else tuple(range(x.ndim))
            ops.sum_product(x, buffer, every, add_to=grad.weight)
        if grad.x is not None:
            ops.map("dy * scale", dy=dy, scale=scale, out=buffer)
            ops.sum_product(x, buffer, self._summed(x.ndim), out=along)
            ops.map(
                "(g - x * along * inverse * inverse) * inverse",
                g=buffer,
                x=x,
                along=self._wide(x, along),
                inverse=inverse,
                out=grad.x,
            )


_ONE = Filler(type="constant", value=1)

"""Mean and variance normalization."""

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Saved, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class MVN(Layer, message="mvn_param"):
    """Bring each channel of each image to mean 0 and, with ``normalize_variance``, variance 1.

    ``y = (x - mean) / (sqrt(variance) + eps)``, variance the biased one; over the pixels, or
    with ``across_channels`` over all numbers of the image. As in Caffe, the gradient
    ``(dy - mean(dy) - y mean(y dy)) / (sqrt(variance) + eps)`` is that of a small ``eps``.

    Shapes:
        x, y: ``(N, C, ...)``.

    Raises:
        ShapeError: x has no channels.
    """

    normalize_variance: bool
    across_channels: bool
    eps: float

    def infer(self, x: Shape) -> Signature:
        if len(x) < 2:
            raise ShapeError(f"a bottom of shape {x} has no channels; it needs at least 2 axes")
        kept = Shape(x[: self._kept])
        names = ["mean"]
        if self.normalize_variance:
            names += ["variance", "scale", "along"]
        return Signature([x], saved=[Saved(name, kept) for name in names])

    @property
    def _kept(self) -> int:
        """The number of axes in front that number what is normalized by itself."""
        return 1 if self.across_channels else 2

    def forward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        mean: Array,
        variance: Array | None = None,
        scale: Array | None = None,
    ) -> None:
        axes, count = self._over(x)
        ops.sum(x, axes, out=mean)
        ops.map("x - total / count", x=x, total=_wide(mean, x), count=count, out=y)
        if self.normalize_variance:
            ops.sum_product(y, y, axes, out=variance)
            text = "1 / (sqrt(total / count) + eps)"
            ops.map(text, total=variance, count=count, eps=self.eps, out=scale)
            ops.map("y * scale", y=y, scale=_wide(scale, x), out=y)

    def _over(self, x: Array) -> tuple[tuple[int, ...], int]:
        """Return the axes that means are taken over, and how many numbers they hold."""
        return tuple(range(self._kept, x.ndim)), Shape(x.shape[self._kept :]).size

    def backward(
        self,
        ops: Ops,
        y: Array,
        dy: Array,
        mean: Array,
        grad: Grad,
        scale: Array | None = None,
        along: Array | None = None,
    ) -> None:
        axes, count = self._over(dy)
        ops.sum(dy, axes, out=mean)
        numbers = dict(dy=dy, total=_wide(mean, dy), count=count)
        if not self.normalize_variance:
            ops.map("dy - total / count", **numbers, out=grad.x)
            return
        ops.sum_product(y, dy, axes, out=along)
        text = "(dy - total / count - y * (along / count)) * scale"
        rows = dict(along=_wide(along, dy), scale=_wide(scale, dy))
        ops.map(text, y=y, **rows, **numbers, out=grad.x)


def _wide(small: Array, x: Array) -> Array:
    """View what has the first axes of x as broadcasting over the others."""
    return small.reshape(*small.shape, *(1,) * (x.ndim - small.ndim))

"""Local response normalization."""

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Saved, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape
from netdef.window import Window


class LRN(Layer, message="lrn_param"):
    """Divide each pixel by a power of the squares around it (Krizhevsky 2012).

    ACROSS_CHANNELS: ``y = x / (k + alpha / local_size * sum x^2)^beta`` over ``local_size``
    neighbouring channels. WITHIN_CHANNEL: ``y = x / (1 + alpha mean x^2)^beta`` over the
    ``local_size`` by ``local_size`` pixels around, the mean being Caffe's average pooling.

    Shapes:
        x, y: ``(N, C, *S)``.

    Raises:
        FieldError: ``local_size`` is even.
        ShapeError: x has no channels, or within them no pixels.
    """

    local_size: int = field(at_least=1)
    alpha: float
    beta: float
    k: float
    norm_region: str
    engine: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.local_size % 2 == 0:
            raise FieldError(f"local_size must be odd, got {self.local_size}")

    def infer(self, x: Shape) -> Signature:
        _, image = x.split(2)
        if self._is_within and not image:
            raise ShapeError(
                f"a bottom of shape {x} has no spatial axes for norm_region: WITHIN_CHANNEL"
            )
        return Signature([x], saved=[Saved("square", x), Saved("scale", x), Saved("flow", x)])

    @property
    def _is_within(self) -> bool:
        return self.norm_region == "WITHIN_CHANNEL"

    def _window(self, x: Array) -> Window:
        axes, size = x.ndim - 2, self.local_size
        return Window((size,) * axes, (1,) * axes, ((size - 1) // 2,) * axes, (1,) * axes)

    def forward(self, ops: Ops, x: Array, y: Array, square: Array, scale: Array) -> None:
        ops.map("x * x", x=x, out=square)
        if self._is_within:
            ops.pool_average(square, self._window(x), out=scale)
            ops.map("1 + alpha * scale", scale=scale, alpha=self.alpha, out=scale)
        else:
            ops.window_sum(square, self.local_size, 1, out=scale)
            share = self.alpha / self.local_size
            ops.map("k + share * scale", scale=scale, k=self.k, share=share, out=scale)
        ops.map("x * scale ** power", x=x, scale=scale, power=-self.beta, out=y)

    def backward(
        self, ops: Ops, x: Array, y: Array, dy: Array, scale: Array, flow: Array, grad: Grad
    ) -> None:
        """``dx = dy / scale^beta - 2 alpha beta x window(dy y / scale)``."""
        around = grad.x
        ops.map("dy * y / scale", dy=dy, y=y, scale=scale, out=flow)
        if self._is_within:
            ops.pool_average_grad(flow, self._window(x), out=around)
            factor = 2 * self.alpha * self.beta
        else:
            ops.window_sum(flow, self.local_size, 1, out=around)
            factor = 2 * self.alpha * self.beta / self.local_size
        ops.map(
            "dy * scale ** power - factor * x * around",
            dy=dy,
            scale=scale,
            x=x,
            around=around,
            power=-self.beta,
            factor=factor,
            out=grad.x,
        )

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
        if self._is_within:
            return Signature([x], saved=[Saved(name, x) for name in ("square", "scale", "flow")])
        (batch, channels), image = x.split(2)
        return Signature([x], saved=[Saved("scales", Shape((batch, 2 * channels, *image)))])

    @property
    def _is_within(self) -> bool:
        return self.norm_region == "WITHIN_CHANNEL"

    @property
    def _across(self) -> tuple[int, float, float, float]:
        return self.local_size, self.alpha, self.beta, self.k

    def _window(self, x: Array) -> Window:
        axes, size = x.ndim - 2, self.local_size
        return Window((size,) * axes, (1,) * axes, ((size - 1) // 2,) * axes, (1,) * axes)

    def forward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        scales: Array | None = None,
        square: Array | None = None,
        scale: Array | None = None,
    ) -> None:
        if not self._is_within:
            ops.lrn(x, *self._across, out=y, scales=scales)
            return
        ops.map("x * x", x=x, out=square)
        ops.pool_average(square, self._window(x), out=scale)
        ops.map("1 + alpha * scale", scale=scale, alpha=self.alpha, out=scale)
        ops.map("x * scale ** power", x=x, scale=scale, power=-self.beta, out=y)

    def backward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        dy: Array,
        grad: Grad,
        scales: Array | None = None,
        scale: Array | None = None,
        flow: Array | None = None,
    ) -> None:
        """``dx = dy / scale^beta - 2 alpha beta x window(dy y / scale)``."""
        if not self._is_within:
            ops.lrn_grad(x, dy, scales, *self._across, out=grad.x)
            return
        ops.map("dy * y / scale", dy=dy, y=y, scale=scale, out=flow)
        ops.pool_average_grad(flow, self._window(x), out=grad.x)
        ops.map(
            "dy * scale ** power - factor * x * around",
            dy=dy,
            scale=scale,
            x=x,
            around=grad.x,
            power=-self.beta,
            factor=2 * self.alpha * self.beta,
            out=grad.x,
        )

"""The pooling layer."""

from typing import Any, ClassVar

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Saved, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape
from netdef.window import Window


class Pooling(Layer, message="pooling_param"):
    """Take the largest, mean or a random pixel under a window that slides over each channel.

    Windows are clipped to the image; the mean divides by the window's size clipped to the
    padded image, as Caffe does. STOCHASTIC takes in training a pixel by chance, in
    proportion to it, and in a test the mean of the pixels weighted by themselves,
    ``sum x ** 2 / sum x`` (Zeiler 2013): x must be at least 0.

    Shapes:
        x: ``(N, C, *S)``.
        y: ``(N, C, *T)``, ``T = ceil((S + 2 pad - kernel) / stride) + 1`` (FLOOR rounds
            down), less a last window that would begin in the padding behind.
        mask: as y: the place of the largest pixel in its channel, row by row (MAX only).

    Raises:
        FieldError: no kernel is given, or padding is not smaller than it, or given at all
            for STOCHASTIC.
        ShapeError: x has no spatial axes, or the kernel is larger than the padded image.
    """

    tops: ClassVar[tuple[str, ...]] = ("y", "mask?")

    pool: str
    kernel_size: int
    kernel_h: int
    kernel_w: int
    stride: int
    stride_h: int
    stride_w: int
    pad: int
    pad_h: int
    pad_w: int
    global_pooling: bool
    round_mode: str
    engine: str

    def infer(self, x: Shape, tops: tuple[str, ...]) -> Signature:
        lead, image = x.split(2)
        if not image:
            raise ShapeError(f"a bottom of shape {x} has no spatial axes after axis 1")
        if len(tops) > 1 and self.pool != "MAX":
            raise FieldError(f"only pool: MAX makes a mask, not {self.pool}; remove the second top")
        window = self.window(image)
        slide = window.slide if self.round_mode == "FLOOR" else window.slide_up
        y = Shape((*lead, *slide(image)))
        return Signature([y] * len(tops), saved=self._saved(x, y, Shape(window.kernel)))

    def _saved(self, x: Shape, y: Shape, kernel: Shape) -> list[Saved]:
        index = Saved("index", y, "uint8" if kernel.size <= 256 else "int32")
        if self.pool == "AVE":
            return []
        if self.pool == "MAX":
            return [index]
        if self.training:
            return [index, Saved("chance", y)]
        as_y = [Saved(name, y) for name in ("mean", "mean_square", "share")]
        return [*as_y, Saved("square", x), Saved("slope", x)]

    def window(self, image: tuple[int, ...]) -> Window:
        """Return the window; with ``global_pooling`` it is as large as the image."""
        axes = len(image)
        if self.global_pooling:
            if self.kernel_size or self.kernel_h or self.kernel_w:
                raise FieldError("global_pooling takes the whole image; remove the kernel")
            kernel: tuple[int, ...] = image
        else:
            kernel = self._either("kernel_size", "kernel", axes)
        stride, pad = self._either("stride", "stride", axes), self._either("pad", "pad", axes)
        if 0 in kernel:
            raise FieldError("pooling_param must set kernel_size, or kernel_h and kernel_w")
        if 0 in stride:
            raise FieldError("stride must be at least 1")
        if self.global_pooling and (any(pad) or set(stride) != {1}):
            raise FieldError("global_pooling takes no pad, and only stride 1")
        if self.pool == "STOCHASTIC" and any(pad):
            raise FieldError("pool: STOCHASTIC takes no pad; use MAX or AVE")
        if any(p >= k for p, k in zip(pad, kernel, strict=True)):
            raise FieldError(f"pad {pad} must be smaller than the kernel {kernel}")
        return Window(kernel, stride, pad, (1,) * axes)

    def _either(self, plain: str, prefix: str, axes: int) -> tuple[int, ...]:
        one: Any = getattr(self, plain)
        pair = (getattr(self, f"{prefix}_h"), getattr(self, f"{prefix}_w"))
        if not any(pair):
            return (one or 0,) * axes
        if axes != 2:
            raise FieldError(f"{prefix}_h and {prefix}_w are for 2 spatial axes, not {axes}")
        if prefix == "kernel" and one:
            raise FieldError("give kernel_size or kernel_h and kernel_w, not both")
        return tuple(value or 0 for value in pair)

    def forward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        mask: Array | None = None,
        index: Array | None = None,
        chance: Array | None = None,
        square: Array | None = None,
        mean: Array | None = None,
        mean_square: Array | None = None,
    ) -> None:
        window = self.window(x.shape[2:])
        if self.pool == "AVE":
            ops.pool_average(x, window, out=y)
        elif self.pool == "MAX":
            ops.pool_max(x, window, out=y, index=index)
            if mask is not None:
                ops.pool_max_place(index, x, window, out=mask)
        elif self.training:
            ops.uniform("chance", out=chance)
            ops.pool_stochastic(x, chance, window, out=y, index=index)
        else:
            ops.map("square(x)", x=x, out=square)
            ops.pool_average(square, window, out=mean_square)
            ops.pool_average(x, window, out=mean)
            ops.map(f"mean_square * {_RECIPROCAL}", mean_square=mean_square, mean=mean, out=y)

    def backward(
        self,
        ops: Ops,
        x: Array,
        y: Array,
        dy: Array,
        grad: Grad,
        index: Array | None = None,
        mean: Array | None = None,
        share: Array | None = None,
        slope: Array | None = None,
    ) -> None:
        window = self.window(grad.x.shape[2:])
        if self.pool == "AVE":
            ops.pool_average_grad(dy, window, out=grad.x)
        elif self.pool == "MAX" or self.training:
            ops.pool_max_grad(dy, index, window, out=grad.x)
        else:
            ops.map(f"dy * {_RECIPROCAL}", dy=dy, mean=mean, out=share)
            ops.pool_average_grad(share, window, out=slope)
            ops.map("share * y", share=share, y=y, out=share)
            ops.pool_average_grad(share, window, out=grad.x)
            ops.map("2 * x * slope - dx", x=x, slope=slope, dx=grad.x, out=grad.x)


_RECIPROCAL = "(mean > 0) / maximum(mean, 1e-30)"
"""1 / mean, and 0 where nothing is positive."""

"""The convolution layer."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Filler, Grad, Layer, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape
from netdef.window import KernelFields, Window


class Convolution(KernelFields, Layer, message="convolution_param"):
    """Slide ``num_output`` filters over an image, and sum what they cover.

    The filters are not flipped: it is a cross-correlation. With ``group`` G, the
    g-th part of the outputs sees only the g-th part of the channels. Several bottoms of
    one shape each make a top with the same weights.

    Shapes:
        x: ``(N, C, *S)``, S pixels along each of any number of spatial axes; the channels
            are at ``axis``, and all axes before it number the images.
        y: ``(N, num_output, *T)``, with T rounded down (pooling rounds up):
            ``T = (S + 2 pad - dilation (kernel - 1) - 1) // stride + 1``.
        weight: ``(num_output, C / group, *kernel_size)``.
        bias: ``(num_output,)``, absent unless ``bias_term``.

    Raises:
        FieldError: ``num_output`` is missing or 0, ``group`` is 0, or the kernel is missing.
        ShapeError: C or ``num_output`` does not divide into ``group`` parts, or the
            dilated kernel is larger than the padded image.
    """

    maps_each_bottom: ClassVar[bool] = True

    num_output: int = field(at_least=1)
    bias_term: bool
    weight_filler: Filler
    bias_filler: Filler
    group: int = field(at_least=1)
    axis: int
    force_nd_im2col: bool
    engine: str

    def infer(self, x: Shape) -> Signature:
        images, image = x.split(self.axis)
        if len(image) < 2:
            raise ShapeError(f"a bottom of shape {x} has no spatial axes after axis {self.axis}")
        channels, size = image[0], Shape(image[1:])
        for what, count in (("channels", channels), ("outputs", self.num_output)):
            if count % self.group:
                raise ShapeError(
                    f"{count} {what} do not divide into {self.group} groups; set group to"
                    f" {_divisors(channels, self.num_output)}"
                )
        window = self.window(len(size))
        filters = (*self._depths(channels), *window.kernel)
        weights = [Weight("weight", filters, self.weight_filler)]
        if self.bias_term:
            weights.append(Weight("bias", (self.num_output,), self.bias_filler))
        return Signature([Shape((*images, self.num_output, *self._places(window, size)))], weights)

    def _depths(self, channels: int) -> tuple[int, int]:
        """Return the first two lengths of the weight."""
        return self.num_output, channels // self.group

    def _places(self, window: Window, size: Shape) -> tuple[int, ...]:
        """Return the lengths of the top's spatial axes."""
        return window.slide(size)

    def forward(
        self, ops: Ops, x: Array, y: Array, weight: Array, bias: Array | None = None
    ) -> None:
        x, y = self._images(x), self._images(y)
        ops.conv(x, weight, self.window(x.ndim - 2), self.group, bias=bias, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, weight: Array, grad: Grad) -> None:
        x, dy = self._images(x), self._images(dy)
        window = self.window(x.ndim - 2)
        if grad.weight is not None:
            ops.conv_grad_weight(x, dy, window, self.group, add_to=grad.weight)
        if grad.bias is not None:
            ops.sum(dy, (0, *range(2, dy.ndim)), add_to=grad.bias)
        if grad.x is not None:
            ops.conv_grad_x(weight, dy, window, self.group, out=self._images(grad.x))

    def _images(self, x: Array) -> Array:
        """View x as ``(N, C, *S)``, whatever the number of axes before the channels."""
        before, image = Shape(x.shape).split(self.axis)
        return x if len(before) == 1 else x.reshape(before.size, *image)


def _divisors(*numbers: int) -> str:
    common = [str(d) for d in range(1, min(numbers) + 1) if all(n % d == 0 for n in numbers)]
    return ", ".join(common[:-1]) + (" or " if len(common) > 1 else "") + common[-1]

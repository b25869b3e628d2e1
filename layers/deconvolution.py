"""The deconvolution layer."""

from netdef.errors import ShapeError
from netdef.layer import Grad
from netdef.layers.convolution import Convolution
from netdef.ops import Array, Ops
from netdef.shape import Shape
from netdef.window import Window


class Deconvolution(Convolution, message="convolution_param"):
    """Lay ``num_output`` filters, scaled by each pixel, over a larger image, and add them up.

    It is the gradient of a Convolution run forward (a transposed convolution): the fields
    mean what they mean there, seen from the top. The ``bilinear`` filler makes it resize
    images, with ``group`` and ``num_output`` the channels.

    Shapes:
        x: ``(N, C, *S)``, as of Convolution.
        y: ``(N, num_output, *T)``, ``T = stride (S - 1) + dilation (kernel - 1) + 1 - 2 pad``.
        weight: ``(C, num_output / group, *kernel_size)``.
        bias: ``(num_output,)``, absent unless ``bias_term``.

    Raises:
        FieldError: ``num_output`` is missing or 0, ``group`` is 0, or the kernel is missing.
        ShapeError: C or ``num_output`` does not divide into ``group`` parts, or padding
            leaves nothing of the image.
    """

    def _depths(self, channels: int) -> tuple[int, int]:
        return channels, self.num_output // self.group

    def _places(self, window: Window, size: Shape) -> tuple[int, ...]:
        image = window.image_of(size)
        if min(image) < 1:
            raise ShapeError(f"pad {window.pad} leaves nothing of the image: it would be {image}")
        return image

    def forward(
        self, ops: Ops, x: Array, y: Array, weight: Array, bias: Array | None = None
    ) -> None:
        x, y = self._images(x), self._images(y)
        ops.conv_grad_x(weight, x, self.window(x.ndim - 2), self.group, out=y)
        if bias is not None:
            ops.map("bias", bias=bias.reshape(-1, *(1,) * (x.ndim - 2)), add_to=y)

    def backward(self, ops: Ops, x: Array, dy: Array, weight: Array, grad: Grad) -> None:
        x, dy = self._images(x), self._images(dy)
        window = self.window(x.ndim - 2)
        if grad.weight is not None:
            ops.conv_grad_weight(dy, x, window, self.group, add_to=grad.weight)
        if grad.bias is not None:
            ops.sum(dy, (0, *range(2, dy.ndim)), add_to=grad.bias)
        if grad.x is not None:
            ops.conv(dy, weight, window, self.group, out=self._images(grad.x))

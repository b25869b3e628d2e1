"""Windows laid side by side."""

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape
from netdef.window import KernelFields


class Im2col(KernelFields, Layer, message="convolution_param"):
    """Lay the pixels of every window in the channels: a convolution less its product.

    Shapes:
        x: ``(N, C, *S)``; the channels are at ``axis``, and all axes before it number images.
        y: ``(N, C * kernel, *T)``, with T rounded down:
            ``T = (S + 2 pad - dilation (kernel - 1) - 1) // stride + 1``.

    Raises:
        FieldError: the kernel is missing.
        ShapeError: x has no spatial axes, or the dilated kernel is larger than the padded
            image.
    """

    axis: int
    force_nd_im2col: bool

    def infer(self, x: Shape) -> Signature:
        images, image = x.split(self.axis)
        if len(image) < 2:
            raise ShapeError(f"a bottom of shape {x} has no spatial axes after axis {self.axis}")
        size = Shape(image[1:])
        window = self.window(len(size))
        rows = image[0] * Shape(window.kernel).size
        return Signature([Shape((*images, rows, *window.slide(size)))])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        x, y = self._images(x), self._images(y)
        ops.unfold(x, self.window(x.ndim - 2), out=y)

    def backward(self, ops: Ops, dy: Array, grad: Grad) -> None:
        dy, dx = self._images(dy), self._images(grad.x)
        ops.fold(dy, self.window(dy.ndim - 2), out=dx)

    def _images(self, x: Array) -> Array:
        """View x as ``(N, C, *S)``, whatever the number of axes before the channels."""
        before, image = Shape(x.shape).split(self.axis)
        return x if len(before) == 1 else x.reshape(before.size, *image)

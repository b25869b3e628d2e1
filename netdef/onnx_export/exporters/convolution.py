"""Convolutions, and what slides windows as they do."""

from collections.abc import Callable
from typing import Any

import numpy as np

from netdef.onnx_export.part import Operand, Part, exports
from netdef.window import Window


def _slide(part: Part, operator: str, operands: list[Operand], **attributes: Any) -> None:
    """Slide over the images of x, however many axes number them."""
    image = part.x_shape.split(part.layer.axis)[1]
    window: Window = part.layer.window(len(image) - 1)
    is_plain = len(part.x_shape) == len(image) + 1
    x = part.x if is_plain else part.reshape(part.x, (-1, *image))
    y = part.add(
        operator,
        x,
        *operands,
        to=part.y if is_plain else None,
        kernel_shape=list(window.kernel),
        strides=list(window.stride),
        pads=list(window.pad) * 2,
        dilations=list(window.dilation),
        **attributes,
    )
    if not is_plain:
        part.reshape(y, part.y_shape, to=part.y)


def _learned(operator: str) -> Callable[[Part], None]:
    def export(part: Part) -> None:
        names = ("weight", "bias") if part.layer.bias_term else ("weight",)
        _slide(part, operator, [part.weights[n] for n in names], group=part.layer.group)

    return export


exports("Convolution", "ConvolutionDepthwise", "DepthwiseConvolution")(_learned("Conv"))
exports("Deconvolution")(_learned("ConvTranspose"))


@exports("Im2col")
def im2col(part: Part) -> None:
    """A convolution whose filters each pick one pixel of the window."""
    image = part.x_shape.split(part.layer.axis)[1]
    kernel: tuple[int, ...] = part.layer.window(len(image) - 1).kernel
    size = int(np.prod(kernel))
    picking = np.tile(np.eye(size, dtype=np.float32), (image[0], 1))
    _slide(part, "Conv", [picking.reshape(-1, 1, *kernel)], group=image[0])

"""The operation graphs of convolutions, from shapes alone."""

from dataclasses import dataclass
from typing import Any

from netdef.engines.cudnn.operation_graph import (
    Draft,
    Ints,
    Operand,
    OperationGraph,
    channels,
    image,
)
from netdef.engines.engine import Refused
from netdef.window import Window


@dataclass(frozen=True)
class Geometry:
    """What the three calls of a convolution share: shapes, and how everything lies."""

    x: Ints
    weight: Ints
    y: Ints
    window: Window
    dtype: str
    channels_innermost: bool
    allows_tf32: bool

    def operand(self, name: str, shape: Ints) -> Operand:
        """Describe one of the arrays."""
        return image(name, shape, self.dtype, self.channels_innermost)

    @property
    def moves(self) -> dict[str, Any]:
        """Padding before and after, strides and dilations, as the frontend takes them.

        Raises:
            Refused: more windows fit the image than are wanted.
        """
        w = self.window
        sizes = zip(self.y[2:], w.stride, w.reach, self.x[2:], w.pad, strict=True)
        after = [_after(*each) for each in sizes]
        line = [0] * (2 - len(w.kernel))
        ones = [1] * len(line)
        return {
            "pre_padding": [*line, *w.pad],
            "post_padding": [*line, *after],
            "stride": [*ones, *w.stride],
            "dilation": [*ones, *w.dilation],
        }


@dataclass(frozen=True)
class Finish:
    """What follows the products: a bias, another image, a ReLU that is cut off or leaky."""

    bias: bool = False
    plus: bool = False
    relu: bool = False
    most: float | None = None
    slope: float = 0

    @property
    def limits(self) -> dict[str, Any]:
        """What the frontend's ``relu`` is told of them."""
        known = {"upper_clip": self.most, "negative_slope": self.slope or None}
        return {name: value for name, value in known.items() if value is not None}

    def without_last(self) -> "Finish":
        """Return what is left when the last part is done by somebody else."""
        if self.relu:
            return Finish(self.bias, self.plus)
        return Finish(self.bias) if self.plus else Finish()

    @property
    def is_empty(self) -> bool:
        """True if nothing follows."""
        return not (self.bias or self.plus or self.relu)


def forward(shape: Geometry, finish: Finish) -> OperationGraph:
    """Convolve x with weight; add bias and plus; clip."""
    draft = Draft("conv", shape.allows_tf32)
    reads = {
        "image": draft.read(shape.operand("x", shape.x)),
        "weight": draft.read(shape.operand("weight", shape.weight)),
    }
    following: list[tuple[str, str, dict[str, str], dict[str, Any]]] = []
    if finish.bias:
        bias = draft.read(channels("bias", shape.y[1], len(shape.y)))
        following.append(("bias", "input", {"bias": bias}, {}))
    if finish.plus:
        plus = draft.read(shape.operand("plus", shape.y))
        following.append(("add", "a", {"b": plus}, {}))
    if finish.relu:
        following.append(("relu", "input", {}, finish.limits))
    made = draft.step("conv_fprop", "products" if following else "out", reads, **shape.moves)
    for operation, parameter, more, options in following:
        is_last = operation == following[-1][0]
        name = "out" if is_last else f"after_{operation}"
        made = draft.step(operation, name, {parameter: made, **more}, **options)
    return draft.write(shape.operand("out", shape.y))


def grad_x(shape: Geometry) -> OperationGraph:
    """Return the gradient of the image."""
    draft = Draft("conv_grad_x", shape.allows_tf32)
    reads = {
        "loss": draft.read(shape.operand("dy", shape.y)),
        "filter": draft.read(shape.operand("weight", shape.weight)),
    }
    draft.step("conv_dgrad", "out", reads, **shape.moves)
    return draft.write(shape.operand("out", shape.x))


def grad_weight(shape: Geometry) -> OperationGraph:
    """Return the gradient of the weight, in the type of the images.

    It is summed in float32 and rounded once. For images of 16 bits cuDNN has tens of kernels
    that write 16 bits, and at best one that writes float32 (none for pictures of 3 channels).
    """
    draft = Draft("conv_grad_weight", shape.allows_tf32)
    reads = {
        "image": draft.read(shape.operand("x", shape.x)),
        "loss": draft.read(shape.operand("dy", shape.y)),
    }
    draft.step("conv_wgrad", "out", reads, **shape.moves)
    return draft.write(shape.operand("out", shape.weight))


def _after(places: int, stride: int, reach: int, size: int, pad: int) -> int:
    """Return the padding after an axis with which the window takes so many places."""
    least = (places - 1) * stride + reach - size - pad
    if least <= pad < least + stride:
        return pad
    if least + stride <= 0:
        raise Refused("leaves out no windows at the end of an image")
    return max(least, 0)

"""The operation graphs of convolutions, from shapes alone."""

from dataclasses import dataclass
from typing import Any

from netdef.engines.cudnn.operation_graph import (
    Draft,
    Ints,
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

    def operand(self, name: str, shape: Ints, dtype: str | None = None) -> Any:
        """Describe one of the arrays."""
        return image(name, shape, dtype or self.dtype, self.channels_innermost)

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
    made = draft.step("conv_fprop", "products", reads, **shape.moves)
    if finish.bias:
        bias = draft.read(channels("bias", shape.y[1], len(shape.y)))
        made = draft.step("bias", "biased", {"input": made, "bias": bias})
    if finish.plus:
        plus = draft.read(shape.operand("plus", shape.y))
        made = draft.step("add", "sums", {"a": made, "b": plus})
    if finish.relu:
        limits = {"upper_clip": finish.most, "negative_slope": finish.slope or None}
        given: dict[str, Any] = {n: value for n, value in limits.items() if value is not None}
        made = draft.step("relu", "clipped", {"input": made}, **given)
    return draft.write(_named(made, shape.operand("out", shape.y), draft))


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
    """Return the gradient of the weight, in the type of the images."""
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


def _named(made: str, operand: Any, draft: Draft) -> Any:
    """Let the last step make the operand."""
    last = draft.steps.pop()
    draft.step(last.operation, operand.name, dict(last.reads), **dict(last.options))
    return operand

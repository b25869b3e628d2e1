"""Pooling: its windows reach as far as Caffe's do, and its means divide by what Caffe's do."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_export.body import Array
from netdef.onnx_export.part import Part, exports
from netdef.shape import Shape
from netdef.window import Window


@exports("Pooling")
def pooling(part: Part) -> None:
    """The largest pixel or the mean under a window.

    Raises:
        ConfigError: it is random, or has a window that lies outside the image.
    """
    layer = part.layer
    if layer.pool == "STOCHASTIC":
        _weighted_mean(part)
        return
    if layer.global_pooling and len(part.tops) == 1:
        kind = "GlobalMaxPool" if layer.pool == "MAX" else "GlobalAveragePool"
        part.add(kind, part.x, to=part.y)
        return
    image, places = part.x_shape[2:], part.y_shape[2:]
    window = layer.window(image)
    if layer.pool == "AVE":
        average(part, part.x, window, image, places, to=part.y)
    elif len(part.tops) == 1:
        largest(part, window, places, to=part.y)
    else:
        _with_places(part, window, places)


def largest(part: Part, window: Window, places: Sequence[int], to: str | None = None) -> str:
    """Add the largest pixel under each window; padding counts for nothing."""
    return part.add("MaxPool", part.x, to=to, **_attributes(window, part.x_shape[2:], places))


def _with_places(part: Part, window: Window, places: Sequence[int]) -> None:
    """Add the places of the largest pixels too: ONNX counts through the batch, Caffe a plane."""
    attributes = _attributes(window, part.x_shape[2:], places)
    _, index = part.several("MaxPool", [part.x], [part.y, None], **attributes)
    plane = np.array(part.x_shape.split(2)[1].size)
    part.cast(part.add("Mod", index, plane), "float", to=part.tops[1])


def average(
    part: Part,
    value: str,
    window: Window,
    image: Sequence[int],
    places: Sequence[int],
    to: str | None = None,
) -> str:
    """Add the mean under each window over Caffe's divisor: its size clipped to the padded image.

    Without padding that is ONNX's mean of the pixels that are there. With padding, windows
    that reach past it need a factor for each place.
    """
    attributes = _attributes(window, image, places)
    if not any(window.pad):
        return part.add("AveragePool", value, to=to, count_include_pad=0, **attributes)
    factor = _correction(window, image, places)
    if (factor == 1).all():
        return part.add("AveragePool", value, to=to, count_include_pad=1, **attributes)
    mean = part.add("AveragePool", value, count_include_pad=1, **attributes)
    return part.add("Mul", mean, factor, to=to)


def _attributes(window: Window, image: Sequence[int], places: Sequence[int]) -> dict[str, Any]:
    """Return the attributes of a window that takes these places, with padding to reach them all.

    Raises:
        ConfigError: its last place is outside the image.
    """
    ends = []
    axes = zip(places, window.stride, window.kernel, image, window.pad, strict=True)
    for count, stride, kernel, size, pad in axes:
        ends.append(max(0, (count - 1) * stride + kernel - size - pad))
        if ends[-1] >= kernel:
            raise ConfigError(
                "its last window lies outside the image, of which ONNX knows nothing; set"
                " round_mode: FLOOR"
            )
    return dict(
        kernel_shape=list(window.kernel), strides=list(window.stride), pads=[*window.pad, *ends]
    )


def _correction(window: Window, image: Sequence[int], places: Sequence[int]) -> Array:
    """Return the window's size over Caffe's divisor at each place, (1, 1, *places)."""
    factor: Array = np.ones((1, 1), np.float32)
    axes = zip(places, window.stride, window.kernel, image, window.pad, strict=True)
    for count, stride, kernel, size, pad in axes:
        starts = np.arange(count) * stride - pad
        lengths = np.minimum(starts + kernel, size + pad) - starts
        factor = factor[..., None] * (kernel / lengths).astype(np.float32)
    return factor


def _weighted_mean(part: Part) -> None:
    """The mean of the pixels weighted by themselves, 0 where all are: STOCHASTIC in a test."""
    if part.layer.training:
        raise ConfigError("pool: STOCHASTIC is random in the phase TRAIN; export the phase TEST")
    image, places = part.x_shape[2:], part.y_shape[2:]
    window = part.layer.window(image)
    mean = average(part, part.x, window, image, places)
    square = average(part, part.add("Mul", part.x, part.x), window, image, places)
    share = part.add("Div", square, part.add("Max", mean, 1e-30))
    part.add("Where", part.add("Greater", mean, 0.0), share, 0.0, to=part.y)


@exports("SPP")
def spp(part: Part) -> None:
    """The levels of the pyramid, one behind the other."""
    parts = []
    for window, level in part.layer.levels(part.x_shape):
        places = Shape(level[1:])
        if part.layer.pool == "MAX":
            made = largest(part, window, places)
        else:
            made = average(part, part.x, window, part.x_shape[2:], places)
        parts.append(part.add("Flatten", made, axis=1))
    whole = part.add("Concat", *parts, axis=1)
    part.reshape(whole, part.y_shape, to=part.y)

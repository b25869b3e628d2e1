"""Pooling, which in ONNX rounds and divides as its attributes say."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Array, Blob
from netdef.onnx_import.operation import Operation, imports
from netdef.onnx_import.operators.convolution import Pads, pads_of
from netdef.window import Window


@imports("GlobalAveragePool")
def global_average(op: Operation) -> Blob:
    """The mean of each plane."""
    return whole(op, "AVE")


@imports("GlobalMaxPool")
def global_max(op: Operation) -> Blob:
    """The largest pixel of each plane."""
    return whole(op, "MAX")


def whole(op: Operation, kind: str) -> Blob:
    """Add pooling over the whole image."""
    return op.layer("Pooling", pooling_param={"pool": kind, "global_pooling": True})


@imports("MaxPool")
def max_pool(op: Operation) -> Blob:
    """The largest pixel under each window; padding counts for nothing.

    Raises:
        ConfigError: the places of the pixels are read, or the window has no layer.
    """
    if op.x.padding:
        raise ConfigError("reads what a Pad made: its zeros count, and padding of a layer does not")
    axes = len(op.attributes["kernel_shape"])
    op.only(dilations=[1] * axes)
    pads, window, places = _window(op)
    for mode, found in (("FLOOR", window.slide), ("CEIL", window.slide_up)):
        if tuple(found(op.x.shape[2:])) == places:
            return op.layer("Pooling", pooling_param=_fields("MAX", window, mode))
    raise ConfigError(
        f"its padding {pads} gives {places} windows, which no rounding of a layer does"
    )


@imports("AveragePool")
def average_pool(op: Operation) -> Blob:
    """The mean under each window; where the divisors differ, a Scale puts them right.

    Raises:
        ConfigError: the window has no layer.
    """
    pads, window, places = _window(op)
    image = op.x.shape[2:]
    counts = bool(op.attributes.get("count_include_pad", 0))
    mode = "FLOOR" if tuple(window.slide(image)) == places else "CEIL"
    if mode == "CEIL" and tuple(window.slide_up(image)) != places:
        raise ConfigError(f"its padding {pads} gives {places} windows, which no layer does")
    x = Blob(op.x.name, op.x.shape)
    y = op.layer("Pooling", x, pooling_param=_fields("AVE", window, mode))
    factor = _factor(window, image, pads, places, counts, bool(op.x.padding))
    if (factor == 1).all():
        return y
    scale = {"axis": 2, "num_axes": len(image)}
    return op.layer("Scale", y, weights=[factor], scale_param=scale)


def _window(op: Operation) -> tuple[Pads, Window, tuple[int, ...]]:
    """Return the padding, the window as a layer has it, and how many places ONNX gives it."""
    kernel: Sequence[int] = op.attributes["kernel_shape"]
    stride: Sequence[int] = op.attributes.get("strides", [1] * len(kernel))
    pads = pads_of(op, kernel, stride)
    if op.x.padding:
        if any(p != (0, 0) for p in pads):
            raise ConfigError("pads what a Pad made; only one of both has a layer")
        pads = list(op.x.padding)
    rounds_up = bool(op.attributes.get("ceil_mode", 0))
    places = []
    for size, length, step, (before, behind) in zip(
        op.x.shape[2:], kernel, stride, pads, strict=True
    ):
        room = size + before + behind - length
        count = (-(-room // step) if rounds_up else room // step) + 1
        is_outside = rounds_up and (count - 1) * step >= size + before
        places.append(count - is_outside)
    pad = tuple(before for before, _ in pads)
    window = Window(tuple(kernel), tuple(stride), pad, (1,) * len(kernel))
    return pads, window, tuple(places)


def _fields(kind: str, window: Window, mode: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"pool": kind}
    names = {"kernel": "kernel_size", "stride": "stride", "pad": "pad"}
    for name, plain in names.items():
        values: tuple[int, ...] = getattr(window, name)
        if len(set(values)) == 1:
            fields[plain] = values[0]
        elif len(values) == 2:
            fields |= {f"{name}_h": values[0], f"{name}_w": values[1]}
        else:
            raise ConfigError(f"its {name} {values} differs among {len(values)} axes")
    if mode == "FLOOR":
        fields["round_mode"] = mode
    return fields


def _factor(
    window: Window,
    image: Sequence[int],
    pads: Pads,
    places: Sequence[int],
    counts_padding: bool,
    is_padded: bool,
) -> Array:
    """Return Caffe's divisor over ONNX's at each place.

    Caffe's is the window clipped to an image padded on both sides alike.
    """
    factor: Array = np.ones((), np.float32)
    axes = zip(places, window.stride, window.kernel, image, pads, strict=True)
    for count, stride, kernel, size, (before, behind) in axes:
        starts = np.arange(count) * stride - before
        ends = starts + kernel
        mine = np.minimum(ends, size + before) - starts
        if is_padded or counts_padding:
            theirs = np.minimum(ends, size + behind) - starts
        else:
            theirs = np.minimum(ends, size) - np.maximum(starts, 0)
        factor = factor[..., None] * (mine / theirs).astype(np.float32)
    return factor

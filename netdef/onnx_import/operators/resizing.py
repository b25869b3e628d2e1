"""Larger and smaller images: padding, and pixels repeated or interpolated."""

from collections.abc import Sequence

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Blob
from netdef.onnx_import.operation import Operation, imports


@imports("Pad")
def pad(op: Operation) -> Blob:
    """Zeros around images, which the convolution or pooling behind takes in.

    Raises:
        ConfigError: it pads with other numbers, or other axes.
    """
    op.only(mode="constant")
    given = op.numbers(1, "pads") or []
    value = op.constant(2).reshape(()) if op.has(2) else op.attributes.get("value", 0)
    rank = len(op.x.shape)
    axes = [a % rank for a in op.numbers(3, "axes") or range(rank)]
    pairs = dict(zip(axes, zip(given[: len(axes)], given[len(axes) :], strict=True), strict=True))
    ends = [pairs.get(axis, (0, 0)) for axis in range(rank)]
    if all(pair == (0, 0) for pair in ends):
        return op.x
    if value != 0 or any(pair != (0, 0) for pair in ends[:2]) or min(map(min, ends)) < 0:
        raise ConfigError(
            f"pads {given} with {float(value):g}; only zeros around images have a layer"
        )
    if op.x.padding:
        raise ConfigError("pads what another Pad made; make one of both")
    return Blob(op.x.name, op.x.shape, tuple(ends[2:]))


@imports("Resize", "Upsample")
def resize(op: Operation) -> Blob:
    """Pixels repeated, by a Deconvolution of ones, or interpolated from corner to corner.

    Raises:
        ConfigError: it interpolates in another way, or by no whole number.
    """
    shape = op.x.shape
    size = _size(op)
    is_old = op.opset < _RESIZE_OF_FOUR_INPUTS
    usual = "asymmetric" if is_old else "half_pixel"
    how = op.attributes.get("coordinate_transformation_mode", usual)
    mode = op.attributes.get("mode", "nearest")
    if tuple(size) == tuple(shape):
        return op.x
    if len(shape) == _IMAGES and tuple(size[:2]) == shape[:2]:
        if mode == "linear" and how == "align_corners":
            return op.layer("Interp", interp_param={"height": size[2], "width": size[3]})
        factors = [to // of for to, of in zip(size[2:], shape[2:], strict=True)]
        is_whole = [to * of for to, of in zip(factors, shape[2:], strict=True)] == list(size[2:])
        if mode == "nearest" and is_whole and _repeats(op, how):
            return _repeated(op, factors)
    raise ConfigError(
        f"resizes {shape} to {tuple(size)}, {mode} and {how}; only nearest by whole numbers and"
        " linear with align_corners have layers"
    )


_IMAGES = 4


_RESIZE_OF_FOUR_INPUTS = 11
"""The opset from which on Resize has a second input for a part of the image."""


def _size(op: Operation) -> list[int]:
    if op.has(3):
        return [int(n) for n in op.constant(3)]
    place = 1 if op.opset < _RESIZE_OF_FOUR_INPUTS else 2
    scales = op.constant(place) if op.has(place) else op.attributes["scales"]
    return [int(np.floor(n * float(s))) for n, s in zip(op.x.shape, scales, strict=True)]


def _repeats(op: Operation, how: str) -> bool:
    """Tell whether each pixel becomes a block of equal ones."""
    rounding = op.attributes.get("nearest_mode", "round_prefer_floor")
    return (how == "asymmetric" and (rounding == "floor" or op.opset < _RESIZE_OF_FOUR_INPUTS)) or (
        how == "half_pixel" and rounding.startswith("round")
    )


def _repeated(op: Operation, factors: Sequence[int]) -> Blob:
    channels = op.x.shape[1]
    sides = {"h": factors[0], "w": factors[1]}
    fields = {f"{name}_{axis}": n for name in ("kernel", "stride") for axis, n in sides.items()}
    fields |= {"num_output": channels, "group": channels, "bias_term": False}
    ones = np.ones((channels, 1, *factors), np.float32)
    return op.layer("Deconvolution", weights=[ones], convolution_param=fields)

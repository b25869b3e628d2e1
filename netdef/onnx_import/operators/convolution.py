"""Conv and ConvTranspose."""

from collections.abc import Sequence

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Array, Blob
from netdef.onnx_import.operation import Operation, imports

Pads = list[tuple[int, int]]


@imports("Conv")
def conv(op: Operation) -> Blob:
    """A Convolution, which pads both sides alike: where ONNX does not, the kernel gets zeros.

    Raises:
        ConfigError: the padding cannot be said so.
    """
    weight = op.constant(1)
    axes = weight.ndim - 2
    dilation = op.attributes.get("dilations", [1] * axes)
    stride = op.attributes.get("strides", [1] * axes)
    reach = [d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]
    pads = pads_of(op, reach, stride)
    x = op.x
    if x.padding:
        pads = [(a + c, b + d) for (a, b), (c, d) in zip(pads, x.padding, strict=True)]
        x = Blob(x.name, x.shape)
    weight, pad = _evened(weight, pads, dilation)
    return _layer(op, "Convolution", x, weight, pad, stride, dilation, weight.shape[0])


@imports("ConvTranspose")
def conv_transpose(op: Operation) -> Blob:
    """A Deconvolution; what is added to its output are taps of zeros at the kernel's end.

    Raises:
        ConfigError: the padding or the output's shape cannot be said so.
    """
    weight = op.constant(1)
    axes, group = weight.ndim - 2, op.attributes.get("group", 1)
    op.only(auto_pad="NOTSET", output_shape=None)
    dilation = op.attributes.get("dilations", [1] * axes)
    added = op.attributes.get("output_padding", [0] * axes)
    given = op.attributes.get("pads", [0] * 2 * axes)
    pad = []
    for axis in range(axes):
        before, behind = given[axis], given[axis + axes]
        more = before - behind + added[axis]
        if more < 0 or more % dilation[axis]:
            raise ConfigError(f"its pads {given} have no layer: Deconvolution takes off both sides")
        taps = [(0, 0)] * weight.ndim
        taps[axis + 2] = (0, more // dilation[axis])
        weight = np.pad(weight, taps)
        pad.append(before)
    stride = op.attributes.get("strides", [1] * axes)
    outputs = weight.shape[1] * group
    return _layer(op, "Deconvolution", op.x, weight, pad, stride, dilation, outputs)


def _layer(
    op: Operation,
    type: str,
    x: Blob,
    weight: Array,
    pad: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    outputs: int,
) -> Blob:
    fields = {
        "num_output": outputs,
        "kernel_size": _few(weight.shape[2:], None),
        "pad": _few(pad, 0),
        "stride": _few(stride, 1),
        "dilation": _few(dilation, 1),
        "bias_term": op.has(2),
    }
    if op.attributes.get("group", 1) != 1:
        fields["group"] = op.attributes["group"]
    weights = [weight, op.constant(2)] if op.has(2) else [weight]
    return op.layer(type, x, weights=weights, convolution_param=fields)


def _few(values: Sequence[int], default: int | None) -> list[int]:
    """Return one value that stands for all, or none if that is the default."""
    if len(set(values)) > 1:
        return list(values)
    return [] if values[0] == default else [values[0]]


def pads_of(op: Operation, reach: Sequence[int], stride: Sequence[int]) -> Pads:
    """Return the padding before and behind each axis, worked out where ``auto_pad`` asks for it."""
    axes, how = len(reach), op.attributes.get("auto_pad", "NOTSET")
    if how == "NOTSET":
        given = op.attributes.get("pads", [0] * 2 * axes)
        return list(zip(given[:axes], given[axes:], strict=True))
    if how == "VALID":
        return [(0, 0)] * axes
    pads = []
    for size, length, step in zip(op.x.shape[2:], reach, stride, strict=True):
        total = max(0, (-(-size // step) - 1) * step + length - size)
        small = total // 2
        ends = (small, total - small)
        pads.append(ends if how == "SAME_UPPER" else ends[::-1])
    return pads


def _evened(weight: Array, pads: Pads, dilation: Sequence[int]) -> tuple[Array, list[int]]:
    """Return the weight with taps of zeros where less is padded, and the padding of both sides."""
    taps, even = [(0, 0), (0, 0)], []
    for (before, behind), step in zip(pads, dilation, strict=True):
        more = abs(before - behind)
        if more % step or min(before, behind) < 0:
            raise ConfigError(f"its padding {before}, {behind} has no layer with dilation {step}")
        missing = more // step
        taps.append((missing, 0) if before < behind else (0, missing))
        even.append(max(before, behind))
    return np.pad(weight, taps), even

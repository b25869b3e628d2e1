"""Layers that bring numbers to a mean, a variance or a length."""

from collections.abc import Sequence

import numpy as np

from netdef.onnx_export.body import Array
from netdef.onnx_export.part import Part, exports

_SEGNET_EPS = 1e-9


@exports("BatchNorm")
def batch_norm(part: Part) -> None:
    """Running statistics over their factor, or the batch's own; then scale and bias, if it has."""
    w, layer = part.weights, part.layer
    use_running = not layer.training if layer.use_global_stats is None else layer.use_global_stats
    scale, bias = w.get("scale"), w.get("bias")
    if not use_running:
        _standardize(part, layer.eps, scale, bias)
        return
    factor = w["factor"][0]
    share = 1 / factor if factor > 0 else 0.0
    mean, variance = (w[f"running_{n}"] * np.float32(share) for n in ("mean", "variance"))
    _normalize(part, mean, variance, layer.eps, scale, bias)


@exports("BN")
def bn(part: Part) -> None:
    """PSPNet's kind by its running statistics; SegNet's by the batch's, or by none."""
    w, layer = part.weights, part.layer
    slope, bias = w["slope"].reshape(-1), w["bias"].reshape(-1)
    is_segnet = "running_mean" not in w
    if is_segnet and layer.bn_mode == "INFERENCE":
        product = part.add("Mul", part.x, _by_channel(part, slope))
        part.add("Add", product, _by_channel(part, bias), to=part.y)
    elif is_segnet or (layer.training and not layer.frozen):
        _standardize(part, _SEGNET_EPS if is_segnet else layer.eps, slope, bias)
    else:
        mean, variance = w["running_mean"].reshape(-1), w["running_variance"].reshape(-1)
        _normalize(part, mean, variance, layer.eps, slope, bias)


def _normalize(
    part: Part, mean: Array, variance: Array, eps: float, scale: Array | None, bias: Array | None
) -> None:
    """``(x - mean) / sqrt(variance + eps) scale + bias``, by channel."""
    scale = np.ones_like(mean) if scale is None else scale
    bias = np.zeros_like(mean) if bias is None else bias
    if len(part.x_shape) > 1:
        part.add("BatchNormalization", part.x, scale, bias, mean, variance, to=part.y, epsilon=eps)
        return
    factor = scale / np.sqrt(variance + np.float32(eps))
    part.add("Add", part.add("Mul", part.x, factor), bias - mean * factor, to=part.y)


def _standardize(part: Part, eps: float, scale: Array | None, bias: Array | None) -> None:
    """As ``_normalize``, by the statistics of the batch."""
    axes = [axis for axis in range(len(part.x_shape)) if axis != 1]
    centred, variance = _moments(part, axes)
    value = part.add("Div", centred, part.add("Sqrt", part.add("Add", variance, float(eps))))
    if scale is not None:
        value = part.add("Mul", value, _by_channel(part, scale))
    if bias is not None:
        value = part.add("Add", value, _by_channel(part, bias))
    part.add("Identity", value, to=part.y)


def _moments(part: Part, axes: Sequence[int]) -> tuple[str, str]:
    """Return x less its mean over axes, and its variance."""
    centred = part.add("Sub", part.x, part.reduce("ReduceMean", part.x, axes))
    return centred, part.reduce("ReduceMean", part.add("Mul", centred, centred), axes)


def _by_channel(part: Part, values: Array) -> Array:
    return values.reshape(-1, *(1,) * max(len(part.x_shape) - 2, 0))


@exports("MVN")
def mvn(part: Part) -> None:
    """``(x - mean) / (sqrt(variance) + eps)``: eps is added behind the root."""
    axes = range(1 if part.layer.across_channels else 2, len(part.x_shape))
    centred, variance = _moments(part, axes)
    if part.layer.normalize_variance:
        divisor = part.add("Add", part.add("Sqrt", variance), float(part.layer.eps))
        part.add("Div", centred, divisor, to=part.y)
    else:
        part.add("Identity", centred, to=part.y)


@exports("Normalize")
def normalize(part: Part) -> None:
    """``weight x / sqrt(sum x^2 + eps)``."""
    axes = range(1, len(part.x_shape)) if part.layer.across_spatial else [1]
    total = part.reduce("ReduceSum", part.add("Mul", part.x, part.x), axes)
    norm = part.add("Sqrt", part.add("Add", total, float(part.layer.eps)))
    weight = _by_channel(part, part.weights["weight"])
    part.add("Mul", part.add("Div", part.x, norm), weight, to=part.y)


@exports("LayerNorm")
def layer_norm(part: Part) -> None:
    """Each item over its last axes."""
    first = part.x_shape.axis(part.layer.axis)
    _rows(part, (*(0,) * first, -1), part.x_shape[first:])


@exports("GroupNorm")
def group_norm(part: Part) -> None:
    """Each item's groups of channels."""
    wide = (part.x_shape[1], *(1,) * (len(part.x_shape) - 2))
    _rows(part, (0, part.layer.group, -1), wide)


def _rows(part: Part, rows: Sequence[int], wide: Sequence[int]) -> None:
    """Bring each row, the last axis of ``rows``, to mean 0 and variance 1; scale and shift."""
    value = part.reshape(part.x, rows)
    axes = [len(rows) - 1]
    centred = part.add("Sub", value, part.reduce("ReduceMean", value, axes))
    variance = part.reduce("ReduceMean", part.add("Mul", centred, centred), axes)
    root = part.add("Sqrt", part.add("Add", variance, float(part.layer.eps)))
    value = part.reshape(part.add("Div", centred, root), part.x_shape)
    for operator, name in (("Mul", "weight"), ("Add", "bias")):
        if name in part.weights:
            value = part.add(operator, value, part.weights[name].reshape(wide))
    part.add("Identity", value, to=part.y)

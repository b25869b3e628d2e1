"""Layers that bring numbers to a mean, a variance or a length."""

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Array, Blob
from netdef.onnx_import.operation import Operation, imports


@imports("BatchNormalization")
def batch_normalization(op: Operation) -> Blob:
    """A BatchNorm, whose factor is 1, and a Scale.

    Raises:
        ConfigError: it is in training.
    """
    op.only(training_mode=0, spatial=1)
    scale, bias, mean, variance = (op.constant(i) for i in range(1, 5))
    fields = {"eps": op.attributes.get("epsilon", 1e-5)}
    weights = [mean, variance, np.ones(1, np.float32)]
    normal = op.layer("BatchNorm", weights=weights, batch_norm_param=fields)
    return _scale(op, normal, scale, bias)


def _scale(op: Operation, x: Blob, scale: Array, bias: Array) -> Blob:
    return op.layer("Scale", x, weights=[scale, bias], scale_param={"bias_term": True})


@imports("LRN")
def lrn(op: Operation) -> Blob:
    """LRN across channels.

    Raises:
        ConfigError: it takes an even number of them.
    """
    given = op.attributes
    if given["size"] % 2 == 0:
        raise ConfigError(f"its size {given['size']} is even; LRN takes as many channels each side")
    fields = {
        "local_size": given["size"],
        "alpha": given.get("alpha", 1e-4),
        "beta": given.get("beta", 0.75),
        "k": given.get("bias", 1.0),
    }
    return op.layer("LRN", lrn_param=fields)


@imports("InstanceNormalization")
def instance_normalization(op: Operation) -> Blob:
    """A GroupNorm of as many groups as channels."""
    return _groups(op, op.x.shape[1], 1e-5)


@imports("GroupNormalization")
def group_normalization(op: Operation) -> Blob:
    """A GroupNorm."""
    return _groups(op, op.attributes["num_groups"], 1e-5)


def _groups(op: Operation, groups: int, eps: float) -> Blob:
    """Add a GroupNorm; ONNX's scale is one for each channel, or in older versions each group.

    Raises:
        ConfigError: it is neither.
    """
    channels = op.x.shape[1]
    weights = [op.constant(1), op.constant(2)]
    if weights[0].size == groups != channels:
        weights = [np.repeat(w, channels // groups) for w in weights]
    fields = {"group": groups, "eps": op.attributes.get("epsilon", eps)}
    return op.layer("GroupNorm", weights=weights, group_norm_param=fields)


@imports("LayerNormalization")
def layer_normalization(op: Operation) -> Blob:
    """A LayerNorm."""
    axis = op.attributes.get("axis", -1) % len(op.x.shape)
    has_bias = op.has(2)
    fields = {"axis": axis, "eps": op.attributes.get("epsilon", 1e-5), "bias_term": has_bias}
    shape = op.x.shape[axis:]
    given = [op.constant(1)] + ([op.constant(2)] if has_bias else [])
    weights = [np.broadcast_to(values, shape) for values in given]
    return op.layer("LayerNorm", weights=weights, layer_norm_param=fields)

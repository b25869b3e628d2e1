"""Functions of each number by itself."""

from collections.abc import Callable
from typing import Any

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Blob
from netdef.onnx_import.operation import Operation, Value, imports
from netdef.shape import Shape


def _plain(type: str, **fields: Any) -> Callable[[Operation], Blob]:
    return lambda op: op.layer(type, **fields)


imports("Relu")(_plain("ReLU"))
imports("Sigmoid")(_plain("Sigmoid"))
imports("Tanh")(_plain("TanH"))
imports("Abs")(_plain("AbsVal"))
imports("Softplus")(_plain("BNLL"))
imports("Exp")(_plain("Exp"))
imports("Log")(_plain("Log"))
imports("HardSwish")(_plain("HardSwish"))
imports("Neg")(_plain("Power", power_param={"scale": -1}))
imports("Sqrt")(_plain("Power", power_param={"power": 0.5}))
imports("Reciprocal")(_plain("Power", power_param={"power": -1}))


@imports("Identity", "Dropout")
def identity(op: Operation) -> Value:
    """The same blob."""
    return op.x


@imports("Cast")
def cast(op: Operation) -> Value:
    """The same blob: every number of a net is a float.

    Raises:
        ConfigError: it rounds, and not to look numbers up in a table.
    """
    floats = (1, 10, 11, 16)
    if op.attributes["to"] not in floats and set(op.consumers) - {"Gather"}:
        raise ConfigError("rounds numbers, which no layer does")
    return op.x


@imports("Greater")
def greater(op: Operation) -> Blob:
    """A Threshold.

    Raises:
        ConfigError: it compares blobs, or its answers are read as no numbers.
    """
    if set(op.consumers) != {"Cast"} or op.constant(1).size != 1:
        raise ConfigError("compares, and no Cast makes numbers of that; Threshold does")
    return op.layer("Threshold", threshold_param={"threshold": float(op.constant(1).reshape(()))})


@imports("LeakyRelu")
def leaky_relu(op: Operation) -> Blob:
    """A ReLU with a slope."""
    return op.layer("ReLU", relu_param={"negative_slope": op.attributes.get("alpha", 0.01)})


@imports("PRelu")
def prelu(op: Operation) -> Blob:
    """A slope for each channel, or one.

    Raises:
        ConfigError: the slopes lie along another axis.
    """
    slope, x = op.constant(1), op.x
    if slope.size == 1:
        return op.layer("PReLU", weights=[slope.reshape(())], prelu_param={"channel_shared": True})
    wide = (1,) * (len(x.shape) - slope.ndim) + slope.shape
    if len(wide) != len(x.shape) or Shape(wide).size != wide[1] or wide[1] != x.shape[1]:
        raise ConfigError(f"its slope {slope.shape} is not one for each channel of {x.shape}")
    return op.layer("PReLU", weights=[slope.reshape(-1)])


@imports("Elu")
def elu(op: Operation) -> Blob:
    """ELU with its alpha."""
    return op.layer("ELU", elu_param={"alpha": op.attributes.get("alpha", 1.0)})


@imports("Gelu")
def gelu(op: Operation) -> Blob:
    """GELU, exact or by tanh."""
    kind = "TANH" if op.attributes.get("approximate", "none") == "tanh" else "NONE"
    return op.layer("GELU", gelu_param={"approximate": kind})


@imports("HardSigmoid")
def hard_sigmoid(op: Operation) -> Blob:
    """A line, cut off at 0 and 1."""
    line = {"scale": op.attributes.get("alpha", 0.2), "shift": op.attributes.get("beta", 0.5)}
    return op.layer("Clip", op.layer("Power", power_param=line), clip_param={"min": 0, "max": 1})


@imports("Clip")
def clip(op: Operation) -> Blob:
    """ReLU6, ReLU or Clip."""
    low = float(op.constant(1)) if op.has(1) else op.attributes.get("min", -np.inf)
    high = float(op.constant(2)) if op.has(2) else op.attributes.get("max", np.inf)
    if (low, high) == (0, 6):
        return op.layer("ReLU6")
    if low == 0 and high >= _LARGEST:
        return op.layer("ReLU")
    bounds = {"min": max(low, -_LARGEST), "max": min(high, _LARGEST)}
    return op.layer("Clip", clip_param=bounds)


_LARGEST = float(np.finfo(np.float32).max)


@imports("Softmax", "LogSoftmax")
def softmax(op: Operation) -> Blob:
    """Softmax, and a Log behind it if asked for.

    Raises:
        ConfigError: it is of an old version, over several axes at once.
    """
    is_old = op.opset < _SOFTMAX_OF_ONE_AXIS
    axis = op.attributes.get("axis", 1 if is_old else -1)
    behind = op.x.shape[axis + 1 :] if axis != -1 else ()
    if is_old and Shape(behind).size != 1:
        raise ConfigError(f"is over axis {axis} and those behind it; Softmax is over one")
    y = op.layer("Softmax", softmax_param={"axis": axis})
    return op.layer("Log", y) if op.kind == "LogSoftmax" else y


_SOFTMAX_OF_ONE_AXIS = 13

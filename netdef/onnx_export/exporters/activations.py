"""Functions of each number by itself."""

import math

from netdef.errors import ConfigError
from netdef.onnx_export.part import Part, exports


def _plain(type: str, operator: str) -> None:
    @exports(type)
    def plain(part: Part) -> None:
        part.add(operator, part.x, to=part.y)


for _type, _operator in {
    "AbsVal": "Abs",
    "BNLL": "Softplus",
    "Sigmoid": "Sigmoid",
    "TanH": "Tanh",
}.items():
    _plain(_type, _operator)


@exports("ReLU")
def relu(part: Part) -> None:
    """A rectifier; LeakyRelu where it has a slope."""
    slope = part.layer.negative_slope
    if slope:
        part.add("LeakyRelu", part.x, to=part.y, alpha=slope)
    else:
        part.add("Relu", part.x, to=part.y)


@exports("ReLU6")
def relu6(part: Part) -> None:
    """Numbers between 0 and 6."""
    part.add("Clip", part.x, 0.0, 6.0, to=part.y)


@exports("Clip")
def clip(part: Part) -> None:
    """Numbers within bounds."""
    part.add("Clip", part.x, float(part.layer.min), float(part.layer.max), to=part.y)


@exports("ELU")
def elu(part: Part) -> None:
    """ELU with its alpha."""
    part.add("Elu", part.x, to=part.y, alpha=part.layer.alpha)


@exports("PReLU")
def prelu(part: Part) -> None:
    """A slope for each channel, widened over the axes behind it."""
    slope = part.weights["slope"]
    part.add("PRelu", part.x, slope.reshape(-1, *(1,) * (len(part.x_shape) - 2)), to=part.y)


@exports("Swish")
def swish(part: Part) -> None:
    """``x sigmoid(beta x)``."""
    beta = part.layer.beta
    inner = part.x if beta == 1 else part.add("Mul", part.x, float(beta))
    part.add("Mul", part.x, part.add("Sigmoid", inner), to=part.y)


@exports("HardSwish")
def hard_swish(part: Part) -> None:
    """``x clip(x / 6 + 1 / 2, 0, 1)``."""
    gate = part.add("HardSigmoid", part.x, alpha=1 / 6, beta=0.5)
    part.add("Mul", part.x, gate, to=part.y)


@exports("GELU")
def gelu(part: Part) -> None:
    """``x / 2 (1 + erf(x / sqrt(2)))``, or the curve of tanh."""
    x = part.x
    if part.layer.approximate == "TANH":
        cube = part.add("Mul", part.add("Mul", x, x), x)
        inner = part.add("Add", x, part.add("Mul", cube, 0.044715))
        curve = part.add("Tanh", part.add("Mul", inner, math.sqrt(2 / math.pi)))
    else:
        curve = part.add("Erf", part.add("Mul", x, math.sqrt(0.5)))
    part.add("Mul", part.add("Mul", x, 0.5), part.add("Add", curve, 1.0), to=part.y)


@exports("Power")
def power(part: Part) -> None:
    """``(scale x + shift) ** power``, without the steps that change nothing."""
    layer, value = part.layer, part.x
    if layer.scale != 1:
        value = part.add("Mul", value, float(layer.scale))
    if layer.shift:
        value = part.add("Add", value, float(layer.shift))
    if layer.power != 1:
        value = part.add("Pow", value, float(layer.power))
    part.add("Identity", value, to=part.y)


@exports("Exp")
def exp(part: Part) -> None:
    """``exp(log(base) (scale x + shift))``."""
    layer = part.layer
    log = 1.0 if layer.base == -1 else math.log(layer.base)
    inner = part.add("Mul", part.x, log * layer.scale)
    part.add("Exp", part.add("Add", inner, log * layer.shift), to=part.y)


@exports("Log")
def log(part: Part) -> None:
    """``log(scale x + shift) / log(base)``."""
    layer = part.layer
    inner = part.add("Add", part.add("Mul", part.x, float(layer.scale)), float(layer.shift))
    factor = 1.0 if layer.base == -1 else 1 / math.log(layer.base)
    part.add("Mul", part.add("Log", inner), factor, to=part.y)


@exports("Threshold")
def threshold(part: Part) -> None:
    """1 where x is more."""
    is_more = part.add("Greater", part.x, float(part.layer.threshold))
    part.cast(is_more, "float", to=part.y)


@exports("Softmax")
def softmax(part: Part) -> None:
    """Probabilities along an axis."""
    part.add("Softmax", part.x, to=part.y, axis=part.layer.axis)


@exports("Dropout")
def dropout(part: Part) -> None:
    """Nothing: a test drops nothing.

    Raises:
        ConfigError: the phase is TRAIN, in which it is random.
    """
    if part.layer.training:
        raise ConfigError("is random in the phase TRAIN; export the phase TEST")
    part.add("Identity", part.x, to=part.y)

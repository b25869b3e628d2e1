"""The Gaussian error linear unit."""

import math

from netdef.layer import Grad, Layer, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape

_T = "(1 / (1 + 0.3275911 * abs(x * root)))"
_ERF = (
    f"sign(x) * (1 - ((((1.061405429 * {_T} - 1.453152027) * {_T} + 1.421413741) * {_T}"
    f" - 0.284496736) * {_T} + 0.254829592) * {_T} * exp(-0.5 * x * x))"
)
"""erf(x / sqrt(2)) to 1.5e-7: Abramowitz and Stegun, formula 7.1.26."""
_CUBIC = "(slope * (x + 0.044715 * x * x * x))"
_NUMBERS = dict(
    root=math.sqrt(0.5), slope=math.sqrt(2 / math.pi), density=1 / math.sqrt(2 * math.pi)
)


class GELU(Layer, message="gelu_param"):
    """``y = x P(X <= x)`` for X standard normal (Hendrycks 2016).

    ``P = (1 + erf(x / sqrt(2))) / 2``, to 1e-7; with ``approximate: TANH``
    ``P = (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2``.

    Shapes:
        x, y: any.
    """

    approximate: str

    def infer(self, x: Shape) -> Signature:
        return Signature([x])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        inner = f"tanh({_CUBIC})" if self.approximate == "TANH" else _ERF
        self._map(ops, f"0.5 * x * (1 + {inner})", x=x, out=y)

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        if self.approximate == "TANH":
            tanh = f"tanh({_CUBIC})"
            steep = f"slope * (1 + 0.134145 * x * x) * (1 - {tanh} * {tanh})"
            text = f"dy * 0.5 * (1 + {tanh} + x * {steep})"
        else:
            text = f"dy * (0.5 * (1 + {_ERF}) + x * density * exp(-0.5 * x * x))"
        self._map(ops, text, x=x, dy=dy, out=grad.x)

    def _map(self, ops: Ops, text: str, *, out: Array, **arrays: Array) -> None:
        numbers = {name: value for name, value in _NUMBERS.items() if name in text}
        ops.map(text, out=out, **arrays, **numbers)

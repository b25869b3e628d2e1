"""Learned vectors for whole numbers."""

from typing import ClassVar

from netdef.layer import Filler, Grad, Layer, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Embed(Layer, message="embed_param"):
    """Look each number up in a table: ``y[...] = weight[x[...]] + bias``.

    Shapes:
        x: any; whole numbers from 0 to ``input_dim`` - 1.
        y: as x, with ``num_output`` as a last axis.
        weight: ``(input_dim, num_output)``.
        bias: ``(num_output,)``, absent unless ``bias_term``.

    Raises:
        FieldError: ``num_output`` or ``input_dim`` is missing or 0.
        DataError: when run, a number is outside the table.
    """

    without_gradient: ClassVar[frozenset[str]] = frozenset({"x"})

    num_output: int = field(at_least=1)
    input_dim: int = field(at_least=1)
    bias_term: bool
    weight_filler: Filler
    bias_filler: Filler

    def infer(self, x: Shape) -> Signature:
        weights = [Weight("weight", (self.input_dim, self.num_output), self.weight_filler)]
        if self.bias_term:
            weights.append(Weight("bias", (self.num_output,), self.bias_filler))
        return Signature([Shape((*x, self.num_output))], weights)

    def forward(self, ops: Ops, x: Array, y: Array, weight: Array, bias: Array = None) -> None:
        ops.gather(weight, x, out=y)
        if bias is not None:
            ops.map("b", b=bias.reshape(*(1,) * x.ndim, -1), add_to=y)

    def backward(self, ops: Ops, x: Array, dy: Array, grad: Grad) -> None:
        if grad.weight is not None:
            ops.scatter(dy, x, add_to=grad.weight)
        if grad.bias is not None:
            ops.sum(dy, tuple(range(dy.ndim - 1)), add_to=grad.bias)

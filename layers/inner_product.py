"""The fully connected layer."""

from netdef.layer import Filler, Grad, Layer, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class InnerProduct(Layer, message="inner_product_param"):
    """Weigh all inputs of a sample into each of ``num_output`` outputs.

    The axes of x before ``axis`` number the samples (M of them); the others are
    flattened into K inputs: ``y[m, n] = sum_k x[m, k] weight[n, k] + bias[n]``.

    Shapes:
        x: ``(d_0, ..., d_axis, ..., d_r)``, so M and K are products of axes.
        y: ``(d_0, ..., d_axis-1, num_output)``.
        weight: ``(num_output, K)``, or ``(K, num_output)`` if ``transpose``.
        bias: ``(num_output,)``, absent unless ``bias_term``.

    Raises:
        FieldError: ``num_output`` is missing or 0.
        ShapeError: x has no axis ``axis``.
    """

    num_output: int = field(at_least=1)
    bias_term: bool
    weight_filler: Filler
    bias_filler: Filler
    axis: int
    transpose: bool

    def infer(self, x: Shape) -> Signature:
        samples, inputs = x.split(x.axis(self.axis))
        matrix = (self.num_output, inputs.size)
        weights = [Weight("weight", matrix[::-1] if self.transpose else matrix, self.weight_filler)]
        if self.bias_term:
            weights.append(Weight("bias", (self.num_output,), self.bias_filler))
        return Signature([Shape((*samples, self.num_output))], weights)

    def forward(
        self, ops: Ops, x: Array, y: Array, weight: Array, bias: Array | None = None
    ) -> None:
        outputs = y.reshape(-1, self.num_output)
        ops.gemm(self._rows(x), weight, trans_b=not self.transpose, bias=bias, out=outputs)

    def backward(self, ops: Ops, x: Array, dy: Array, weight: Array, grad: Grad) -> None:
        rows, errors = self._rows(x), dy.reshape(-1, self.num_output)
        if grad.weight is not None:
            pair = (rows, errors) if self.transpose else (errors, rows)
            ops.gemm(*pair, trans_a=True, add_to=grad.weight)
        if grad.bias is not None:
            ops.sum(errors, (0,), add_to=grad.bias)
        if grad.x is not None:
            ops.gemm(errors, weight, trans_b=self.transpose, out=self._rows(grad.x))

    def _rows(self, x: Array) -> Array:
        """View x as the matrix (M, K)."""
        samples, inputs = Shape(x.shape).split(self.axis)
        return x.reshape(samples.size, inputs.size)

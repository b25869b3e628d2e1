"""The plain recurrent layer."""

from typing import ClassVar

from netdef.layer import Grad, Saved, Weight
from netdef.layers.recurrent import Recurrent, gate_of_step, give_back, rows
from netdef.ops import Array, Ops
from netdef.shape import Shape


class RNN(Recurrent):
    """Go through time steps with a hidden state (Elman 1990), as Caffe's RNN.

    ``h_t = tanh(W_x x_t + b + W_s static + W_h (cont_t h_(t-1)))`` and
    ``y_t = tanh(W_o h_t + b_o)``. Where cont is 0 a sequence begins, and nothing of the steps
    before is left. With ``expose_hidden`` h before the first step is a bottom and that after
    the last a top, whose gradients count only with ``propagate_hidden``; else it lasts from
    pass to pass. Its ``debug_info`` prints nothing of the steps; the solver's prints the layer as
    any other.

    Shapes:
        x: ``(T, N, ...)``, T steps of N streams; all other axes are I inputs.
        cont: ``(T, N)``.
        static: ``(N, ...)``, S inputs, the same at each step.
        h_0, h_T: ``(1, N, num_output)``.
        y: ``(T, N, num_output)``.
        weight_x, bias: ``(num_output, I)`` and ``(num_output,)``.
        weight_s: ``(num_output, S)``, absent without static.
        weight_h, weight_o: ``(num_output, num_output)``.
        bias_o: ``(num_output,)``.

    Raises:
        FieldError: ``num_output`` is missing or 0.
        ConfigError: the number of bottoms or tops is not what ``expose_hidden`` asks for.
        ShapeError: the bottoms do not fit together.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "cont", "third?", "fourth?")
    tops: ClassVar[tuple[str, ...]] = ("y", "last_h?")

    def _weights(self, x: Shape, static: Shape | None) -> list[Weight]:
        units = self.num_output
        return [
            *super()._weights(x, static),
            Weight("weight_o", (units, units), self.weight_filler),
            Weight("bias_o", (units,), self.bias_filler),
        ]

    def _saved(self, x: Shape, static: Shape | None) -> list[Saved]:
        every = (x[0], x[1], self.num_output)
        return [*super()._saved(x, static), Saved("dh_of_y", every), Saved("dsums_o", every)]

    def forward(
        self,
        ops: Ops,
        x: Array,
        cont: Array,
        third: Array | None,
        fourth: Array | None,
        y: Array,
        last_h: Array,
        weight_x: Array,
        bias: Array,
        weight_h: Array,
        weight_o: Array,
        bias_o: Array,
        sums: Array,
        kept_h: Array,
        weight_s: Array = None,
        sums_s: Array = None,
        state_h: Array = None,
    ) -> None:
        static, first = self.split([b for b in (third, fourth) if b is not None])
        h = first[0][0] if self.expose_hidden else state_h
        self.sum_inputs(ops, x, static, (weight_x, bias, weight_s), sums, sums_s)
        for t in range(x.shape[0]):
            ops.map("cont * h", cont=gate_of_step(cont, t), h=h, out=kept_h[t])
            ops.gemm(kept_h[t], weight_h, trans_b=True, add_to=sums[t])
            h = sums[t]
            ops.map("tanh(h)", h=h, out=h)
        ops.copy(h, out=last_h[0] if self.expose_hidden else state_h)
        ops.gemm(rows(sums, 2), weight_o, trans_b=True, bias=bias_o, out=rows(y, 2))
        ops.map("tanh(y)", y=y, out=y)

    def backward(
        self,
        ops: Ops,
        x: Array,
        cont: Array,
        third: Array | None,
        fourth: Array | None,
        y: Array,
        dy: Array,
        dlast_h: Array,
        weight_x: Array,
        weight_h: Array,
        weight_o: Array,
        sums: Array,
        dsums: Array,
        kept_h: Array,
        dh: Array,
        dh_of_y: Array,
        dsums_o: Array,
        grad: Grad,
        weight_s: Array = None,
        dsums_s: Array = None,
    ) -> None:
        extra = [b for b in (third, fourth) if b is not None]
        static, _ = self.split(extra)
        dstatic, dfirst = self.split((grad.third, grad.fourth)[: len(extra)])
        self._outputs_grad(ops, y, dy, weight_o, sums, dsums_o, dh_of_y, grad)
        if self.propagate_hidden and self.expose_hidden:
            ops.copy(dlast_h[0], out=dh)
        else:
            ops.fill(0, out=dh)
        for t in range(x.shape[0] - 1, -1, -1):
            text = "(dh + dy) * (1 - square(h))"
            ops.map(text, dh=dh, dy=dh_of_y[t], h=sums[t], out=dsums[t])
            ops.gemm(dsums[t], weight_h, out=dh)
            ops.map("cont * dh", cont=gate_of_step(cont, t), dh=dh, out=dh)
        give_back(ops, (dh,), dfirst, self.propagate_hidden)
        if grad.weight_h is not None:
            ops.gemm(rows(dsums, 2), rows(kept_h, 2), trans_a=True, add_to=grad.weight_h)
        weights = (weight_x, weight_s)
        self.sum_inputs_grad(ops, x, static, weights, dsums, dsums_s, grad, dstatic)

    def _outputs_grad(
        self,
        ops: Ops,
        y: Array,
        dy: Array,
        weight_o: Array,
        h: Array,
        dsums_o: Array,
        dh_of_y: Array,
        grad: Grad,
    ) -> None:
        """Go back through ``y = tanh(W_o h + b_o)`` of all steps at once."""
        ops.map("dy * (1 - square(y))", dy=dy, y=y, out=dsums_o)
        errors = rows(dsums_o, 2)
        if grad.weight_o is not None:
            ops.gemm(errors, rows(h, 2), trans_a=True, add_to=grad.weight_o)
        if grad.bias_o is not None:
            ops.sum(errors, (0,), add_to=grad.bias_o)
        ops.gemm(errors, weight_o, out=rows(dh_of_y, 2))

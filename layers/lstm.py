"""Long short-term memory."""

from typing import ClassVar

from netdef.layer import Grad, Saved
from netdef.layers.lstmunit import step, step_grad
from netdef.layers.recurrent import Recurrent, gate_of_step, give_back, rows
from netdef.ops import Array, Ops
from netdef.shape import Shape


class LSTM(Recurrent):
    """Remember over time steps, in cells with gates (Hochreiter 1997; Graves 2013).

    At each step the four gates of a unit get the sums ``W_x x + b + W_s static +
    W_h (cont h)``, of which ``LSTMUnit`` makes the cells c and the outputs h. Where cont is 0
    a sequence begins, and nothing of the steps before is left. With ``expose_hidden`` h and c
    before the first step are bottoms and those after the last are tops, whose gradients
    count only with ``propagate_hidden``; else they last from pass to pass. Its
    ``debug_info`` prints nothing of the steps; the solver's prints the layer as any other.

    Shapes:
        x: ``(T, N, ...)``, T steps of N streams; all other axes are I inputs.
        cont: ``(T, N)``.
        static: ``(N, ...)``, S inputs, the same at each step.
        h_0, c_0, h_T, c_T: ``(1, N, num_output)``.
        y: the outputs h, ``(T, N, num_output)``.
        weight_x, bias: ``(4 num_output, I)`` and ``(4 num_output,)``: the input, forget and
            output gates, then the new values.
        weight_s: ``(4 num_output, S)``, absent without static.
        weight_h: ``(4 num_output, num_output)``.

    Raises:
        FieldError: ``num_output`` is missing or 0.
        ConfigError: the number of bottoms or tops is not what ``expose_hidden`` asks for.
        ShapeError: the bottoms do not fit together.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "cont", "third?", "fourth?", "fifth?")
    tops: ClassVar[tuple[str, ...]] = ("y", "last_h?", "last_c?")
    states: ClassVar[tuple[str, ...]] = ("h", "c")
    gates: ClassVar[int] = 4

    def _saved(self, x: Shape, static: Shape | None) -> list[Saved]:
        state = (x[1], self.num_output)
        own = [Saved("cells", (x[0] + 1, *state)), Saved("dc", state)]
        return [*super()._saved(x, static), *own]

    def forward(
        self,
        ops: Ops,
        x: Array,
        cont: Array,
        third: Array | None,
        fourth: Array | None,
        fifth: Array | None,
        y: Array,
        last_h: Array,
        last_c: Array,
        weight_x: Array,
        bias: Array,
        weight_h: Array,
        sums: Array,
        kept_h: Array,
        cells: Array,
        weight_s: Array = None,
        sums_s: Array = None,
        state_h: Array = None,
        state_c: Array = None,
    ) -> None:
        static, first = self.split([b for b in (third, fourth, fifth) if b is not None])
        h, c = [s[0] for s in first] if self.expose_hidden else (state_h, state_c)
        self.sum_inputs(ops, x, static, (weight_x, bias, weight_s), sums, sums_s)
        ops.copy(c, out=cells[0])
        steps = x.shape[0]
        for t in range(steps):
            gate = gate_of_step(cont, t)
            ops.map("cont * h", cont=gate, h=h, out=kept_h[t])
            ops.gemm(kept_h[t], weight_h, trans_b=True, add_to=sums[t])
            h = y[t]
            step(ops, sums[t], gate, cells[t], cells[t + 1], h)
        after = (last_h[0], last_c[0]) if self.expose_hidden else (state_h, state_c)
        for value, goal in zip((h, cells[steps]), after, strict=True):
            ops.copy(value, out=goal)

    def backward(
        self,
        ops: Ops,
        x: Array,
        cont: Array,
        third: Array | None,
        fourth: Array | None,
        fifth: Array | None,
        dy: Array,
        dlast_h: Array,
        dlast_c: Array,
        weight_x: Array,
        weight_h: Array,
        sums: Array,
        dsums: Array,
        kept_h: Array,
        dh: Array,
        cells: Array,
        dc: Array,
        grad: Grad,
        weight_s: Array = None,
        dsums_s: Array = None,
    ) -> None:
        extra = [b for b in (third, fourth, fifth) if b is not None]
        static, _ = self.split(extra)
        dstatic, dfirst = self.split((grad.third, grad.fourth, grad.fifth)[: len(extra)])
        last = x.shape[0] - 1
        if self.propagate_hidden and self.expose_hidden:
            ops.map("dy + last", dy=dy[last], last=dlast_h[0], out=dh)
            ops.copy(dlast_c[0], out=dc)
        else:
            ops.copy(dy[last], out=dh)
            ops.fill(0, out=dc)
        for t in range(last, -1, -1):
            gate = gate_of_step(cont, t)
            step_grad(ops, sums[t], gate, cells[t], cells[t + 1], dh, dc, dsums[t])
            ops.gemm(dsums[t], weight_h, out=dh)
            if t:
                ops.map("cont * dh + dy", cont=gate, dh=dh, dy=dy[t - 1], out=dh)
            else:
                ops.map("cont * dh", cont=gate, dh=dh, out=dh)
        give_back(ops, (dh, dc), dfirst, self.propagate_hidden)
        if grad.weight_h is not None:
            ops.gemm(rows(dsums, 2), rows(kept_h, 2), trans_a=True, add_to=grad.weight_h)
        weights = (weight_x, weight_s)
        self.sum_inputs_grad(ops, x, static, weights, dsums, dsums_s, grad, dstatic)

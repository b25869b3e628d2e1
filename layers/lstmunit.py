"""One time step of LSTM."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Saved, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class LSTMUnit(Layer):
    """One step of long short-term memory, from the sums that go into its gates.

    ``i, f, o = sigmoid(x_i, x_f, x_o)`` and ``g = tanh(x_g)``, the four parts of x, make
    ``c = cont f before + i g`` and ``h = o tanh(c)``. Hochreiter 1997, with forget gates.

    Shapes:
        before: the cells before the step, ``(1, N, D)``.
        x: ``(1, N, 4 D)``.
        cont: ``(1, N)``, 0 where a sequence begins, else 1.
        c, h: as before.

    Raises:
        ShapeError: they do not fit together.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("before", "x", "cont")
    tops: ClassVar[tuple[str, ...]] = ("c", "h")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"cont"})

    def infer(self, before: Shape, x: Shape, cont: Shape) -> Signature:
        if len(before) != 3 or before[0] != 1:
            raise ShapeError(f"the cells {before} must have the axes (1, streams, units)")
        streams, units = before[1:]
        wanted = Shape((1, streams, 4 * units))
        if x != wanted:
            raise ShapeError(f"x {x} must have the shape {wanted} for cells {before}")
        if cont != (1, streams):
            raise ShapeError(f"cont {cont} must have the shape {Shape((1, streams))}")
        saved = [
            Saved("gates", (streams, 4 * units)),
            Saved("dgates", (streams, 4 * units)),
            Saved("dcell", (streams, units)),
        ]
        return Signature([before, before], saved=saved)

    def forward(
        self, ops: Ops, before: Array, x: Array, cont: Array, c: Array, h: Array, gates: Array
    ) -> None:
        ops.copy(x[0], out=gates)
        step(ops, gates, cont.reshape(-1, 1), before[0], c[0], h[0])

    def backward(
        self,
        ops: Ops,
        before: Array,
        cont: Array,
        c: Array,
        dc: Array,
        dh: Array,
        gates: Array,
        dgates: Array,
        dcell: Array,
        grad: Grad,
    ) -> None:
        ops.copy(dc[0], out=dcell)
        step_grad(ops, gates, cont.reshape(-1, 1), before[0], c[0], dh[0], dcell, dgates)
        for made, goal in ((dcell, grad.before), (dgates, grad.x)):
            if goal is not None:
                ops.copy(made, out=goal[0])


def step(ops: Ops, gates: Array, cont: Array, before: Array, cell: Array, hidden: Array) -> None:
    """Turn the sums in ``gates`` into activations, and make the cells and outputs of them."""
    units = cell.shape[-1]
    sigmoids, last = gates[:, : 3 * units], gates[:, 3 * units :]
    ops.map("0.5 * tanh(0.5 * x) + 0.5", x=sigmoids, out=sigmoids)
    ops.map("tanh(x)", x=last, out=last)
    i, f, o, g = _parts(gates, units)
    text = "cont * f * before + i * g"
    ops.map(text, cont=cont, f=f, before=before, i=i, g=g, out=cell)
    ops.map("o * tanh(cell)", o=o, cell=cell, out=hidden)


def step_grad(
    ops: Ops,
    gates: Array,
    cont: Array,
    before: Array,
    cell: Array,
    dh: Array,
    dcell: Array,
    dgates: Array,
) -> None:
    """Go back through ``step``; ``dcell`` turns from the gradient after it to that before it."""
    units = cell.shape[-1]
    i, f, o, g = _parts(gates, units)
    di, df, do, dg = _parts(dgates, units)
    text = "dcell + dh * o * (1 - square(tanh(cell)))"
    ops.map(text, dcell=dcell, dh=dh, o=o, cell=cell, out=dcell)
    ops.map("dh * tanh(cell) * o * (1 - o)", dh=dh, cell=cell, o=o, out=do)
    ops.map("dcell * g * i * (1 - i)", dcell=dcell, g=g, i=i, out=di)
    text = "dcell * cont * before * f * (1 - f)"
    ops.map(text, dcell=dcell, cont=cont, before=before, f=f, out=df)
    ops.map("dcell * i * (1 - square(g))", dcell=dcell, i=i, g=g, out=dg)
    ops.map("dcell * f * cont", dcell=dcell, f=f, cont=cont, out=dcell)


def _parts(gates: Array, units: int) -> list[Array]:
    """View the four gates, which lie side by side: input, forget, output, and the new values."""
    return [gates[:, k * units : (k + 1) * units] for k in range(4)]

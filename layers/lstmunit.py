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
    enter, keep, leave, fresh = _parts(gates, units)
    text = "cont * keep * before + enter * fresh"
    ops.map(text, cont=cont, keep=keep, before=before, enter=enter, fresh=fresh, out=cell)
    ops.map("leave * tanh(cell)", leave=leave, cell=cell, out=hidden)


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
    enter, keep, leave, fresh = _parts(gates, units)
    denter, dkeep, dleave, dfresh = _parts(dgates, units)
    text = "dcell + dh * leave * (1 - square(tanh(cell)))"
    ops.map(text, dcell=dcell, dh=dh, leave=leave, cell=cell, out=dcell)
    text = "dh * tanh(cell) * leave * (1 - leave)"
    ops.map(text, dh=dh, cell=cell, leave=leave, out=dleave)
    ops.map(
        "dcell * fresh * enter * (1 - enter)", dcell=dcell, fresh=fresh, enter=enter, out=denter
    )
    text = "dcell * cont * before * keep * (1 - keep)"
    ops.map(text, dcell=dcell, cont=cont, before=before, keep=keep, out=dkeep)
    ops.map(
        "dcell * enter * (1 - square(fresh))", dcell=dcell, enter=enter, fresh=fresh, out=dfresh
    )
    ops.map("dcell * keep * cont", dcell=dcell, keep=keep, cont=cont, out=dcell)


def _parts(gates: Array, units: int) -> list[Array]:
    """View the input, forget and output gates and the new values, which lie side by side.

    Callers name them by words: CuPy keeps ``i`` for itself, and C++ ``new``.
    """
    return [gates[:, k * units : (k + 1) * units] for k in range(4)]

"""The places of the largest scores."""

from netdef.errors import ShapeError
from netdef.layer import Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class ArgMax(Layer, message="argmax_param"):
    """The places of the ``top_k`` largest numbers, largest first; it has no gradient.

    Along ``axis``, or without it of each item as a whole. Of equal numbers the last comes
    first. With ``out_max_val`` the numbers take the place of their places along ``axis``,
    and follow them without it.

    Shapes:
        x: any; without ``axis`` ``(N, ...)``.
        y: as x with ``top_k`` along ``axis``; without it ``(N, 1, top_k)``, or
            ``(N, 2, top_k)`` with the numbers too, and as many axes as x by 1s at the end.

    Raises:
        ShapeError: there are fewer than ``top_k`` numbers, or x has no such axis.
    """

    out_max_val: bool
    top_k: int = field(at_least=1)
    axis: int | None

    def infer(self, x: Shape) -> Signature:
        axis = x.axis(0 if self.axis is None else self.axis)
        count = Shape(x[1:]).size if self.axis is None else x[axis]
        if self.top_k > count:
            raise ShapeError(f"top_k {self.top_k} is more than the {count} numbers of {x}")
        if self.axis is not None:
            return Signature([Shape((*x[:axis], self.top_k, *x[axis + 1 :]))])
        rows = 2 if self.out_max_val else 1
        return Signature([Shape((x[0], rows, self.top_k, *(1,) * (len(x) - 3)))])

    def forward(self, ops: Ops, x: Array, y: Array) -> None:
        if self.axis is not None:
            index, value = (None, y) if self.out_max_val else (y, None)
            ops.largest(x, self.top_k, self.axis, index=index, value=value)
            return
        flat, rows = x.reshape(x.shape[0], -1), y.reshape(*y.shape[:3])
        value = rows[:, 1] if self.out_max_val else None
        ops.largest(flat, self.top_k, 1, index=rows[:, 0], value=value)

"""Sums, products and maxima of blobs."""

from typing import ClassVar

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Saved, Signature
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Eltwise(Layer, message="eltwise_param"):
    """Combine bottoms of one shape element by element.

    SUM: ``y = sum coeff_i x_i`` (each coeff is 1 unless given); PROD: ``y = prod x_i``;
    MAX: the largest, whose gradient goes to the bottom it came from (of two equal first
    ones the second, of others the earlier, as in Caffe).

    Shapes:
        x, y: all the same.

    Raises:
        FieldError: coeff is given for another operation, or not for every bottom.
        ShapeError: the shapes differ.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("*x",)
    fewest_bottoms: ClassVar[int] = 2

    operation: str
    coeff: tuple[float, ...]
    stable_prod_grad: bool

    def infer(self, x: tuple[Shape, ...]) -> Signature:
        if self.coeff and self.operation != "SUM":
            raise FieldError(f"coeff is for operation: SUM, not {self.operation}")
        if self.coeff and len(self.coeff) != len(x):
            raise FieldError(
                f"coeff has {len(self.coeff)} values for {len(x)} bottoms; give one each"
            )
        for i, shape in enumerate(x):
            if shape != x[0]:
                raise ShapeError(
                    f"bottoms 0 and {i} have the shapes {x[0]} and {shape}, not the same"
                )
        return Signature([x[0]], saved=[Saved("winner", x[0])] if self.operation == "MAX" else [])

    def forward(
        self, ops: Ops, x: tuple[Array, ...], y: Array, winner: Array | None = None
    ) -> None:
        names = {f"x{i}": array for i, array in enumerate(x)}
        if self.operation == "PROD":
            ops.map(" * ".join(names), **names, out=y)
        elif self.operation == "SUM":
            ops.map(" + ".join(map(self._term, range(len(x)))), **names, out=y)
        else:
            ops.map("b >= a", a=x[0], b=x[1], out=winner)
            ops.map("maximum(a, b)", a=x[0], b=x[1], out=y)
            for i, array in enumerate(x[2:], 2):
                new = "where(x > y, i, winner)"
                ops.map(new, x=array, y=y, winner=winner, i=i, out=winner)
                ops.map("maximum(x, y)", x=array, y=y, out=y)

    def _term(self, i: int) -> str:
        coeff = self.coeff[i] if self.coeff else 1
        return f"x{i}" if coeff == 1 else f"{coeff!r} * x{i}"

    def backward(
        self,
        ops: Ops,
        x: tuple[Array, ...],
        dy: Array,
        grad: Grad,
        winner: Array | None = None,
    ) -> None:
        for i, goal in enumerate(grad.x):
            if goal is None:
                continue
            if self.operation == "SUM":
                ops.map("coeff * dy", dy=dy, coeff=self.coeff[i] if self.coeff else 1, out=goal)
            elif self.operation == "MAX":
                ops.map("dy * (winner == i)", dy=dy, winner=winner, i=i, out=goal)
            else:
                others = {f"x{j}": array for j, array in enumerate(x) if j != i}
                ops.map(" * ".join(["dy", *others]), dy=dy, **others, out=goal)

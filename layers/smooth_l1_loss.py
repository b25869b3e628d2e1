"""Regression that large errors do not dominate."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Saved, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class SmoothL1Loss(Layer, message="smooth_l1_loss_param"):
    """``sum outside f(inside (a - b)) / N`` (Girshick 2015), as Faster R-CNN's Caffe has it.

    ``f(d) = (sigma d)^2 / 2`` where ``|d| < 1 / sigma^2``, and ``|d| - 0.5 / sigma^2`` elsewhere.

    Shapes:
        a, b: ``(N, ...)``; both get a gradient.
        inside, outside: as a; 1 where they are not given.
        loss: ``()``.

    Raises:
        FieldError: ``sigma`` is not more than 0.
        ShapeError: the bottoms differ in their shapes.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("a", "b", "inside?", "outside?")
    tops: ClassVar[tuple[str, ...]] = ("loss",)
    without_gradient: ClassVar[frozenset[str]] = frozenset({"inside", "outside"})
    loss_weight: ClassVar[float] = 1.0

    sigma: float = field(above=0)

    def infer(self, a: Shape, b: Shape, inside: Shape | None, outside: Shape | None) -> Signature:
        for i, shape in enumerate((b, inside, outside), 1):
            if shape is not None and shape != a:
                raise ShapeError(f"bottoms 0 and {i} have the shapes {a} and {shape}, not the same")
        return Signature([Shape(())], saved=[Saved("difference", a), Saved("terms", a)])

    def forward(
        self,
        ops: Ops,
        a: Array,
        b: Array,
        inside: Array,
        outside: Array,
        loss: Array,
        difference: Array,
        terms: Array,
    ) -> None:
        weight, given = _times(inside=inside)
        ops.map(f"(a - b){weight}", a=a, b=b, **given, out=difference)
        weight, given = _times(outside=outside)
        text = f"where(abs(d) < 1 / s2, 0.5 * s2 * square(d), abs(d) - 0.5 / s2){weight}"
        ops.map(text, d=difference, s2=self.sigma**2, **given, out=terms)
        ops.sum(terms, tuple(range(terms.ndim)), out=loss)
        ops.map("loss / n", loss=loss, n=a.shape[0], out=loss)

    def backward(
        self,
        ops: Ops,
        inside: Array,
        outside: Array,
        dloss: Array,
        difference: Array,
        grad: Grad,
    ) -> None:
        weight, given = _times(inside=inside, outside=outside)
        slope = "where(abs(d) < 1 / s2, s2 * d, sign(d))"
        for goal, sign in ((grad.a, 1), (grad.b, -1)):
            if goal is not None:
                ops.map(
                    f"side * {slope} * dloss / n{weight}",
                    side=sign,
                    d=difference,
                    s2=self.sigma**2,
                    dloss=dloss,
                    n=difference.shape[0],
                    **given,
                    out=goal,
                )


def _times(**weights: Array) -> tuple[str, dict[str, Array]]:
    """Return the factors of an expression that are given, as text and by name."""
    given = {name: weight for name, weight in weights.items() if weight is not None}
    return "".join(f" * {name}" for name in given), given

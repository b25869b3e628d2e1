"""Sums of absolute differences, or of distances."""

from typing import ClassVar

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Saved, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class L1Loss(Layer, message="l1_loss_param"):
    """``sum |a - b| / N``, as FlowNet2's Caffe has it (Ilg 2017); b is 0 if not given.

    With ``l2_per_location`` the sum is of ``sqrt(sum_c (a - b)^2 + epsilon)``, lengths along the
    channels, or with ``l2_prescale_by_channels`` along C of them, of means in the place of
    that sum. Differences, or lengths, below ``plateau`` have no gradient, and NaNs count for
    nothing. ``normalize_by_num_entries`` divides by the places that are no NaN, not by N.

    Shapes:
        a, b: ``(N, C, ...)``; both get a gradient.
        loss: ``()``.

    Raises:
        FieldError: ``epsilon`` or ``plateau`` is negative.
        ShapeError: a and b differ in their shapes, or have no channels.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("a", "b?")
    tops: ClassVar[tuple[str, ...]] = ("loss",)
    loss_weight: ClassVar[float] = 1.0

    l2_per_location: bool
    l2_prescale_by_channels: bool
    normalize_by_num_entries: bool
    epsilon: float = field(at_least=0)
    plateau: float = field(at_least=0)

    def infer(self, a: Shape, b: Shape | None) -> Signature:
        if b is not None and a != b:
            raise ShapeError(f"its bottoms {a} and {b} must have one shape")
        if len(a) < 2:
            raise ShapeError(f"a bottom of shape {a} has no channels; it needs (N, C, ...)")
        places = Shape((a[0], *a[2:]))
        saved = [Saved("difference", a), Saved("normalizer", Shape(())), Saved("terms", a)]
        if self.l2_per_location:
            saved += [Saved("square", places), Saved("length", places)]
        return Signature([Shape(())], saved=saved)

    def forward(
        self,
        ops: Ops,
        a: Array,
        b: Array,
        loss: Array,
        difference: Array,
        normalizer: Array,
        terms: Array,
        square: Array = None,
        length: Array = None,
    ) -> None:
        given, d = ({"a": a}, "a") if b is None else ({"a": a, "b": b}, "(a - b)")
        self._count(ops, f"{d} == {d}", given, terms, normalizer)
        ops.map(f"where({d} == {d}, {d}, 0)", **given, out=difference)
        if self.l2_per_location:
            ops.map("scale * square(d)", scale=self._scale(a), d=difference, out=terms)
            ops.sum(terms, (1,), out=square)
            text = "sqrt(s * (s >= square(plateau)) + epsilon)"
            limits = {"plateau": self.plateau, "epsilon": self.epsilon}
            terms = length
            ops.map(text, s=square, **limits, out=terms)
        else:
            text = "abs(d) * (abs(d) >= plateau)"
            ops.map(text, d=difference, plateau=self.plateau, out=terms)
        ops.sum(terms, tuple(range(terms.ndim)), out=loss)
        ops.map("loss / n", loss=loss, n=normalizer, out=loss)

    def _scale(self, a: Array) -> float:
        return 1 / a.shape[1] if self.l2_prescale_by_channels else 1

    def _count(
        self, ops: Ops, is_number: str, given: dict[str, Array], room: Array, normalizer: Array
    ) -> None:
        """Set the divisor: the batch, or the places that are no NaN."""
        if self.normalize_by_num_entries:
            ops.map(is_number, **given, out=room)
            ops.sum(room, tuple(range(room.ndim)), out=normalizer)
            ops.map("maximum(n / c, 1)", n=normalizer, c=room.shape[1], out=normalizer)
        else:
            ops.fill(room.shape[0], out=normalizer)

    def backward(
        self,
        ops: Ops,
        dloss: Array,
        difference: Array,
        normalizer: Array,
        grad: Grad,
        square: Array = None,
    ) -> None:
        known = {"d": difference, "dloss": dloss, "n": normalizer, "plateau": self.plateau}
        slope = "sign(d) * (abs(d) >= plateau)"
        if self.l2_per_location:
            slope = "scale * d * (s >= square(plateau)) / sqrt(s + epsilon)"
            wide = square.reshape(square.shape[0], 1, *square.shape[1:])
            known |= {"s": wide, "scale": self._scale(difference), "epsilon": self.epsilon}
        for goal, side in ((grad.a, 1), (grad.b, -1)):
            if goal is not None:
                ops.map(f"side * {slope} * dloss / n", side=side, **known, out=goal)

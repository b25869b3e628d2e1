"""What recurrent layers share: bottoms, states, and the products of all time steps at once."""

from collections.abc import Sequence
from typing import Any, ClassVar

from netdef.errors import ConfigError, FieldError, ShapeError
from netdef.layer import Filler, Grad, Layer, Saved, Signature, Weight
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Recurrent(Layer, message="recurrent_param", is_abstract=True):
    """Base of layers that go through time steps with a state.

    After x and cont a bottom may follow that is the same at every step, and with
    ``expose_hidden`` the states before the first step. A state that is not exposed lasts:
    that after the last step of a pass is the one before the first step of the next.
    Exposed states have no gradient, as in Caffe, unless ``propagate_hidden``.
    """

    without_gradient: ClassVar[frozenset[str]] = frozenset({"cont"})
    states: ClassVar[tuple[str, ...]] = ("h",)
    gates: ClassVar[int] = 1
    """Sums that each unit makes of its inputs."""

    num_output: int
    weight_filler: Filler
    bias_filler: Filler
    expose_hidden: bool
    propagate_hidden: bool

    def infer(
        self,
        x: Shape,
        cont: Shape,
        tops: tuple[str, ...],
        third: Shape | None = None,
        fourth: Shape | None = None,
        fifth: Shape | None = None,
    ) -> Signature:
        if not self.num_output:
            raise FieldError("recurrent_param must set num_output, at least to 1")
        if len(x) < 2:
            raise ShapeError(f"x {x} must have the axes (time steps, streams, ...)")
        if cont != x[:2]:
            raise ShapeError(f"cont {cont} must be {Shape(x[:2])}, the first two axes of x {x}")
        extra = tuple(b for b in (third, fourth, fifth) if b is not None)
        self._check_number(len(extra) + 2, len(tops))
        static, first = self.split(extra)
        state = Shape((1, x[1], self.num_output))
        self._check_shapes(x, static, first, state)
        top = Shape((*x[:2], self.num_output))
        return Signature(
            [top, *[state] * (len(tops) - 1)], self._weights(x, static), self._saved(x, static)
        )

    def split(self, extra: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        """Return the static bottom, or None, and the exposed states, of the bottoms after cont."""
        count = len(extra) - len(self.states) * self.expose_hidden
        return (extra[0] if count else None), extra[count:]

    def _check_number(self, bottoms: int, tops: int) -> None:
        states = [f"{s}_0" for s in self.states] if self.expose_hidden else []
        fewest = 2 + len(states)
        if not fewest <= bottoms <= fewest + 1:
            names = ", ".join(["x", "cont", "a static one or none", *states])
            raise ConfigError(
                f"takes {fewest} or {fewest + 1} bottoms ({names}) with expose_hidden:"
                f" {str(self.expose_hidden).lower()}, got {bottoms}"
            )
        if tops != 1 + len(states):
            raise ConfigError(
                f"makes {1 + len(states)} tops with expose_hidden:"
                f" {str(self.expose_hidden).lower()}, got {tops}"
            )

    def _check_shapes(
        self, x: Shape, static: Shape | None, first: Sequence[Shape], state: Shape
    ) -> None:
        if static is not None and static[:1] != x[1:2]:
            raise ShapeError(f"the static bottom {static} must have {x[1]} rows, one a stream")
        for name, shape in zip(self.states, first, strict=False):
            if shape != state:
                raise ShapeError(f"{name}_0 {shape} must have the shape {state}")

    def _weights(self, x: Shape, static: Shape | None) -> list[Weight]:
        sums = self.gates * self.num_output
        weights = [
            Weight("weight_x", (sums, Shape(x[2:]).size), self.weight_filler),
            Weight("bias", (sums,), self.bias_filler),
        ]
        if static is not None:
            weights.append(Weight("weight_s", (sums, Shape(static[1:]).size), self.weight_filler))
        return [*weights, Weight("weight_h", (sums, self.num_output), self.weight_filler)]

    def _saved(self, x: Shape, static: Shape | None) -> list[Saved]:
        steps, streams, units = x[0], x[1], self.num_output
        sums = (steps, streams, self.gates * units)
        saved = [
            Saved("sums", sums),
            Saved("dsums", sums),
            Saved("kept_h", (steps, streams, units)),
            Saved("dh", (streams, units)),
        ]
        if static is not None:
            saved += [Saved("sums_s", sums[1:]), Saved("dsums_s", sums[1:])]
        if not self.expose_hidden:
            saved += [Saved(f"state_{s}", (streams, units), first=0) for s in self.states]
        return saved

    def sum_inputs(
        self,
        ops: Ops,
        x: Array,
        static: Array,
        weights: Sequence[Array],
        sums: Array,
        sums_s: Array,
    ) -> None:
        """Set ``sums = W_x x + bias + W_s static`` for all steps at once."""
        weight_x, bias, weight_s = weights
        ops.gemm(rows(x, 2), weight_x, trans_b=True, bias=bias, out=rows(sums, 2))
        if static is not None:
            ops.gemm(rows(static, 1), weight_s, trans_b=True, out=sums_s)
            ops.map("s", s=sums_s.reshape(1, *sums_s.shape), add_to=sums)

    def sum_inputs_grad(
        self,
        ops: Ops,
        x: Array,
        static: Array,
        weights: Sequence[Array],
        dsums: Array,
        dsums_s: Array,
        grad: Grad,
        dstatic: Array,
    ) -> None:
        """Go back through ``sum_inputs`` for all steps at once."""
        errors, (weight_x, weight_s) = rows(dsums, 2), weights
        if grad.weight_x is not None:
            ops.gemm(errors, rows(x, 2), trans_a=True, add_to=grad.weight_x)
        if grad.bias is not None:
            ops.sum(errors, (0,), add_to=grad.bias)
        if grad.x is not None:
            ops.gemm(errors, weight_x, out=rows(grad.x, 2))
        if static is None or (grad.weight_s is None and dstatic is None):
            return
        ops.sum(dsums, (0,), out=dsums_s)
        if grad.weight_s is not None:
            ops.gemm(dsums_s, rows(static, 1), trans_a=True, add_to=grad.weight_s)
        if dstatic is not None:
            ops.gemm(dsums_s, weight_s, out=rows(dstatic, 1))


def give_back(ops: Ops, made: Sequence[Array], goals: Sequence[Array], propagates: bool) -> None:
    """Hand the gradients before the first step to the bottoms that want them, or 0."""
    for gradient, goal in zip(made, goals, strict=False):
        if goal is not None and propagates:
            ops.copy(gradient, out=goal[0])
        elif goal is not None:
            ops.fill(0, out=goal)


def rows(x: Array, axes: int) -> Array:
    """View x as a matrix, whose rows are numbered by the first axes."""
    samples, inputs = Shape(x.shape).split(axes)
    return x.reshape(samples.size, inputs.size)


def gate_of_step(cont: Array, step: int) -> Array:
    """View cont at one step as ``(streams, 1)``."""
    return cont[step].reshape(cont.shape[1], 1)

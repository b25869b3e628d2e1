"""Spatial pyramid pooling."""

from collections.abc import Iterator
from typing import Any

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Saved, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape
from netdef.window import Window


class SPP(Layer, message="spp_param"):
    """Pool the whole image in ``2 ** i`` windows along each axis, at every level i (He 2014).

    A window is ``ceil(S / 2 ** i)`` pixels long, and what all of them are too much is padding
    on both sides. The levels lie one behind the other: images of any size make one length.

    Shapes:
        x: ``(N, C, H, W)``.
        y: ``(N, C * (1 + 4 + ... + 4 ** (pyramid_height - 1)))``; a ``pyramid_height`` of 1
            leaves ``(N, C, 1, 1)``, as in Caffe.

    Raises:
        FieldError: ``pyramid_height`` is missing or 0, or ``pool`` is STOCHASTIC.
        ShapeError: x has not 4 axes, or is too small for the last level.
    """

    pyramid_height: int = field(at_least=1)
    pool: str
    engine: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pool == "STOCHASTIC":
            raise FieldError("pool: STOCHASTIC cannot pad, as a pyramid must; use MAX or AVE")

    def infer(self, x: Shape) -> Signature:
        if len(x) != 4:
            raise ShapeError(f"a bottom of shape {x} is no batch of images (N, C, H, W)")
        length = sum(places.size for _, places in self.levels(x))
        y = (x[0], x[1], 1, 1) if self.pyramid_height == 1 else (x[0], length)
        saved = [Saved("part", x)]
        if self.pool == "MAX":
            saved.append(Saved("index", (x[0], length), "uint8" if x[2] * x[3] <= 256 else "int32"))
        return Signature([Shape(y)], saved=saved)

    def levels(self, x: Shape) -> list[tuple[Window, Shape]]:
        """Return each level's window, and the shape of what it makes of one image."""
        levels = []
        for level in range(self.pyramid_height):
            count = 2**level
            kernel = tuple(-(-size // count) for size in x[2:])
            excess = [k * count - size for k, size in zip(kernel, x[2:], strict=True)]
            pad = tuple((e + 1) // 2 for e in excess)
            if any(p >= k for p, k in zip(pad, kernel, strict=True)):
                raise ShapeError(
                    f"images of {x[2]} x {x[3]} pixels are too small for level {level} of the"
                    f" pyramid, {count} x {count} windows; set pyramid_height to {level} or less"
                )
            window = Window(kernel, kernel, pad, (1, 1))
            levels.append((window, Shape((x[1], *window.slide_up(x[2:])))))
        return levels

    def _parts(self, x: Array, *flat: Array) -> Iterator[tuple[Any, ...]]:
        """Yield each level's window, and its part of each flat array as images."""
        start = 0
        for window, places in self.levels(Shape(x.shape)):
            stop = start + places.size
            rows = [a.reshape(x.shape[0], -1)[:, start:stop] for a in flat]
            yield window, *(row.reshape(x.shape[0], *places) for row in rows)
            start = stop

    def forward(self, ops: Ops, x: Array, y: Array, index: Array | None = None) -> None:
        if index is None:
            for window, level in self._parts(x, y):
                ops.pool_average(x, window, out=level)
        else:
            for window, level, place in self._parts(x, y, index):
                ops.pool_max(x, window, out=level, index=place)

    def backward(
        self, ops: Ops, dy: Array, part: Array, grad: Grad, index: Array | None = None
    ) -> None:
        goal = grad.x
        if index is None:
            for window, level in self._parts(grad.x, dy):
                ops.pool_average_grad(level, window, out=goal)
                self._collect(ops, goal, grad.x)
                goal = part
        else:
            for window, level, place in self._parts(grad.x, dy, index):
                ops.pool_max_grad(level, place, window, out=goal)
                self._collect(ops, goal, grad.x)
                goal = part

    @staticmethod
    def _collect(ops: Ops, part: Array, dx: Array) -> None:
        """Add a level's gradient to that of the levels before it."""
        if part is not dx:
            ops.map("part", part=part, add_to=dx)

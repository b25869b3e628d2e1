"""Images resized."""

import numpy as np
from numpy.typing import NDArray

from netdef.errors import FieldError, ShapeError
from netdef.layer import Grad, Layer, Saved, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Interp(Layer, message="interp_param"):
    """Resize images bilinearly; the pixels at the corners stay where they are (PSPNet, DeepLab).

    The output has ``height`` by ``width`` pixels. Or it keeps one of ``shrink_factor``
    pixels, ``(S - 1) // shrink_factor + 1``, and then puts pixels between, until they lie
    ``zoom_factor`` times as far apart: ``S + (S - 1) (zoom_factor - 1)``. Bilinear weights
    are those of two matrices: ``y = rows x columns^T`` for each channel. A negative
    ``pad_beg`` or ``pad_end`` leaves that many pixels out at each side.

    Shapes:
        x: ``(N, C, H, W)``.
        y: ``(N, C, H', W')``.

    Raises:
        FieldError: only one of ``height`` and ``width`` is given, or they and a factor, or
            a padding is positive.
        ShapeError: x has not four axes, or nothing is left of it.
    """

    height: int = field(at_least=0)
    width: int = field(at_least=0)
    zoom_factor: int = field(at_least=1)
    shrink_factor: int = field(at_least=1)
    pad_beg: int = field(at_most=0)
    pad_end: int = field(at_most=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        has_size = bool(self.height or self.width)
        if has_size and not (self.height and self.width):
            raise FieldError("give both height and width")
        if has_size and (self.zoom_factor, self.shrink_factor) != (1, 1):
            raise FieldError("give height and width, or zoom_factor and shrink_factor, not both")

    def infer(self, x: Shape) -> Signature:
        if len(x) != 4:
            raise ShapeError(f"a bottom of shape {x} is no (N, C, H, W)")
        image = [side + self.pad_beg + self.pad_end for side in x[2:]]
        if min(image) < 1:
            raise ShapeError(f"pad_beg and pad_end leave nothing of {x}")
        size = [self._side(side) for side in image]
        if self.height:
            size = [self.height, self.width]
        tables = [
            Saved(name, (to, of), first=_bilinear(of, to))
            for name, of, to in zip(("rows", "columns"), image, size, strict=True)
        ]
        middle = Saved("middle", (*x[:2], image[0], size[1]))
        return Signature([Shape((*x[:2], *size))], saved=[*tables, middle])

    def _side(self, side: int) -> int:
        kept = (side - 1) // self.shrink_factor + 1
        return kept + (kept - 1) * (self.zoom_factor - 1)

    def _inside(self, x: Array) -> Array:
        """View x without the pixels that negative padding leaves out."""
        height, width = x.shape[2:]
        first, end = -self.pad_beg, self.pad_end
        return x[:, :, first : height + end, first : width + end]

    def forward(
        self, ops: Ops, x: Array, y: Array, rows: Array, columns: Array, middle: Array
    ) -> None:
        ops.gemm(self._inside(x), columns, trans_b=True, out=middle)
        ops.gemm(rows, middle, out=y)

    def backward(
        self, ops: Ops, dy: Array, rows: Array, columns: Array, middle: Array, grad: Grad
    ) -> None:
        if self.pad_beg or self.pad_end:
            ops.fill(0, out=grad.x)
        ops.gemm(rows, dy, trans_a=True, out=middle)
        ops.gemm(middle, columns, out=self._inside(grad.x))


def _bilinear(of: int, to: int) -> NDArray[np.float32]:
    """Return the matrix ``(to, of)`` that stretches a row of pixels, ends to ends."""
    place = np.arange(to) * ((of - 1) / (to - 1) if to > 1 else 0)
    before = np.minimum(place.astype(int), of - 1)
    after = np.minimum(before + 1, of - 1)
    matrix, each = np.zeros((to, of)), np.arange(to)
    np.add.at(matrix, (each, before), 1 - (place - before))
    np.add.at(matrix, (each, after), place - before)
    return matrix.astype(np.float32)

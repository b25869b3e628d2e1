"""Max pooling turned back."""

from typing import ClassVar

from netdef.errors import FieldError, ShapeError
from netdef.fields import check_range
from netdef.layer import Grad, Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Upsample(Layer, message="upsample_param"):
    """Put each pixel back where max pooling took it from; the others are 0 (SegNet).

    ``y[place[i]] = x[i]`` in each plane, with the places from the second top of the Pooling
    layer. Of pixels with one place the last counts, and each gets the place's gradient, as
    in Caffe.

    Shapes:
        x, place: ``(N, C, H, W)``.
        y: ``(N, C, upsample_h, upsample_w)``, by default ``scale`` (or ``scale_h`` and
            ``scale_w``) times H and W, less 1 with ``pad_out_h`` or ``pad_out_w``.

    Raises:
        FieldError: one of two fields that belong together is missing, or ``pad_out_h`` or
            ``pad_out_w`` is set with another scale than 2.
        ShapeError: the bottoms have not the same four axes.
        DataError: when run, a place is outside y.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "place")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"place"})

    scale: int = field(at_least=1)
    scale_h: int
    scale_w: int
    pad_out_h: bool
    pad_out_w: bool
    upsample_h: int
    upsample_w: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("scale", "upsample"):
            pair = {axis: getattr(self, f"{name}_{axis}") for axis in "hw"}
            if (pair["h"] is None) != (pair["w"] is None):
                raise FieldError(f"give both {name}_h and {name}_w")
            for axis, value in pair.items():
                check_range(f"{name}_{axis}", value, {"at_least": 1})
        for axis, scale in zip("hw", self._scales, strict=True):
            if getattr(self, f"pad_out_{axis}") and scale != 2:
                raise FieldError(
                    f"pad_out_{axis} is for a scale of 2, not {scale}; give upsample_h and"
                    " upsample_w instead"
                )

    @property
    def _scales(self) -> tuple[int, int]:
        return (self.scale_h or self.scale, self.scale_w or self.scale)

    def infer(self, x: Shape, place: Shape) -> Signature:
        if len(x) != 4 or x != place:
            raise ShapeError(f"bottoms {x} and {place} must have the same shape (N, C, H, W)")
        if self.upsample_h:
            size = (self.upsample_h, self.upsample_w)
        else:
            less = (self.pad_out_h, self.pad_out_w)
            rows, columns = (
                n * scale - is_less
                for n, scale, is_less in zip(x[2:], self._scales, less, strict=True)
            )
            size = (rows, columns)
        return Signature([Shape((*x[:2], *size))])

    def forward(self, ops: Ops, x: Array, place: Array, y: Array) -> None:
        ops.unpool(x, place, out=y)

    def backward(self, ops: Ops, place: Array, dy: Array, grad: Grad) -> None:
        ops.unpool_grad(dy, place, out=grad.x)

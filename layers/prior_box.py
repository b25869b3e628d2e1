"""Default boxes around every pixel."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from netdef.errors import FieldError, ShapeError
from netdef.fields import check_range
from netdef.layer import Layer, Saved, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class PriorBox(Layer, message="prior_box_param"):
    """Put boxes of several sizes and aspects around every pixel, and their variances (SSD).

    For each ``min_size`` s in turn: a square of side s; with ``max_size`` m one of side
    ``sqrt(s m)``; and for each ``aspect_ratio`` a (and, with ``flip``, 1 / a) a box of
    ``s sqrt(a)`` by ``s / sqrt(a)`` pixels. The centre of pixel (i, j) lies at
    ``((j + offset) step_w, (i + offset) step_h)`` in the image; a step is by default the
    image's side over the layer's. Corners are in parts of the image's sides. It depends on
    shapes alone, and is computed once.

    Shapes:
        x: ``(N, C, H, W)``, the layer whose pixels get boxes.
        image: ``(N, C', H', W')``, whose sides ``img_size``, or ``img_h`` and ``img_w``, replace.
        y: ``(1, 2, H W B 4)``: xmin, ymin, xmax, ymax of B boxes for each pixel, row by row,
            and then as many variances.

    Raises:
        FieldError: ``min_size`` is missing, a ``max_size`` is not larger than its ``min_size``,
            ``variance`` has not 1 or 4 values, or one of two fields that belong together is
            missing or both forms are given.
        ShapeError: a bottom has not four axes.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "image")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"x", "image"})

    min_size: tuple[float, ...] = field(above=0)
    max_size: tuple[float, ...]
    aspect_ratio: tuple[float, ...] = field(above=0)
    flip: bool
    clip: bool
    variance: tuple[float, ...] = field(above=0)
    img_size: int
    img_h: int
    img_w: int
    step: float
    step_h: float
    step_w: float
    offset: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_size and len(self.max_size) != len(self.min_size):
            raise FieldError(
                f"max_size has {len(self.max_size)} values, min_size {len(self.min_size)}; give as"
                " many"
            )
        for low, high in zip(self.min_size, self.max_size, strict=False):
            if high <= low:
                raise FieldError(f"max_size {high:g} must be larger than its min_size {low:g}")
        if len(self.variance) not in (0, 1, 4):
            raise FieldError(f"variance has {len(self.variance)} values; give 1 or 4")
        self._pair("img_size", "img")
        self._pair("step", "step")

    def _pair(self, plain: str, prefix: str) -> tuple[Any, Any] | None:
        """Return the numbers for rows and columns that a field or a pair of fields gives."""
        both = getattr(self, plain)
        pair = (getattr(self, f"{prefix}_h"), getattr(self, f"{prefix}_w"))
        for name, value in zip((plain, f"{prefix}_h", f"{prefix}_w"), (both, *pair), strict=True):
            check_range(name, value, {"above": 0})
        if (pair[0] is None) != (pair[1] is None):
            raise FieldError(f"give both {prefix}_h and {prefix}_w")
        if both is not None and pair[0] is not None:
            raise FieldError(f"give {plain} or {prefix}_h and {prefix}_w, not both")
        if both is not None:
            return both, both
        return pair if pair[0] is not None else None

    def infer(self, x: Shape, image: Shape) -> Signature:
        if not self.min_size:
            raise FieldError("prior_box_param must set min_size")
        if len(x) != 4 or len(image) != 4:
            raise ShapeError(f"bottoms {x} and {image} must have four axes (N, C, H, W)")
        boxes = self._boxes(x[2:], image[2:])
        return Signature([Shape(boxes.shape)], saved=[Saved("boxes", boxes.shape, first=boxes)])

    def _sides(self) -> NDArray[Any]:
        """Return width and height of each box around one pixel, in pixels of the image."""
        ratios = [1.0]
        for ratio in self.aspect_ratio:
            for each in (ratio, 1 / ratio) if self.flip else (ratio,):
                if all(abs(each - known) >= 1e-6 for known in ratios):
                    ratios.append(each)
        sides = []
        for i, size in enumerate(self.min_size):
            sides.append((size, size))
            if self.max_size:
                sides.append((np.sqrt(size * self.max_size[i]),) * 2)
            sides += [(size * np.sqrt(r), size / np.sqrt(r)) for r in ratios[1:]]
        return np.array(sides)

    def _boxes(self, layer: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[np.float32]:
        image = self._pair("img_size", "img") or shape
        steps = self._pair("step", "step") or tuple(
            side / count for side, count in zip(image, layer, strict=True)
        )
        y, x = ((np.arange(n) + self.offset) * step for n, step in zip(layer, steps, strict=True))
        centres = np.stack(np.meshgrid(x, y), axis=-1)[:, :, None]
        half = self._sides() / 2
        corners = np.concatenate([centres - half, centres + half], axis=-1)
        corners /= np.array([image[1], image[0]] * 2)
        if self.clip:
            corners = corners.clip(0, 1)
        variances = np.empty_like(corners)
        variances[...] = self.variance or 0.1
        return np.stack([corners.ravel(), variances.ravel()])[None].astype(np.float32)

    def forward(self, ops: Ops, y: Array, boxes: Array) -> None:
        ops.copy(boxes, out=y)

"""Regions of an image, each pooled into a grid."""

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from netdef.errors import DataError, FieldError, ShapeError
from netdef.layer import Grad, Layer, Signature, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class ROIPooling(Layer, message="roi_pooling_param"):
    """Pool the largest pixel of each part of a ``pooled_h`` by ``pooled_w`` grid on each region.

    A region's corners are multiplied by ``spatial_scale`` and rounded; both belong to it. It
    has at least one pixel. Part i of n takes the rows from ``floor(i H / n)`` to
    ``ceil((i + 1) H / n)``, so parts may overlap; an empty one (outside the image) gives 0
    (Fast R-CNN, Girshick 2015).

    Shapes:
        x: ``(N, C, H, W)``.
        regions: ``(R, 5)``: the number of the image in the batch, x1, y1, x2, y2.
        y: ``(R, C, pooled_h, pooled_w)``.

    Raises:
        FieldError: ``pooled_h`` or ``pooled_w`` is missing.
        ShapeError: a bottom has not these axes.
        DataError: when run, a region is of no image in the batch.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "regions")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"regions"})

    pooled_h: int
    pooled_w: int
    spatial_scale: float = field(above=0)

    def infer(self, x: Shape, regions: Shape) -> Signature:
        check_regions(x, regions)
        if 0 in (self.pooled_h, self.pooled_w):
            raise FieldError("roi_pooling_param must set pooled_h and pooled_w, at least to 1")
        y = Shape((regions[0], x[1], self.pooled_h, self.pooled_w))
        return Signature([y])

    def forward(self, ops: Ops, x: Array, regions: Array, y: Array) -> None:
        ops.host(partial(_pool, scale=self.spatial_scale), x, regions, out=(y,))

    def backward(self, ops: Ops, x: Array, regions: Array, dy: Array, grad: Grad) -> None:
        """Of equal pixels the first, row by row, gets the gradient; it is looked for again."""
        give_back = partial(_give_back, scale=self.spatial_scale)
        ops.host(give_back, x, regions, dy, out=(grad.x,))


def check_regions(x: Shape, regions: Shape) -> None:
    """Fail unless x are images and regions rows of five numbers.

    Raises:
        ShapeError: they are not.
    """
    if len(x) != 4:
        raise ShapeError(f"a bottom of shape {x} is no (N, C, H, W)")
    if regions.size != 5 * regions[0]:
        raise ShapeError(f"regions {regions} must have 5 numbers each: image, x1, y1, x2, y2")


def images_of(regions: NDArray[Any], count: int) -> NDArray[np.intp]:
    """Return the number of each region's image.

    Raises:
        DataError: a region is of no image in the batch.
    """
    images = regions[:, 0].astype(np.intp)
    wrong = np.flatnonzero((images < 0) | (images >= count))
    if wrong.size:
        raise DataError(
            f"region {wrong[0]} is of image {images[wrong[0]]}, but the batch has {count}"
        )
    return images


def rounded(x: NDArray[Any]) -> NDArray[Any]:
    """Round halves away from zero, as C does."""
    away: NDArray[Any] = np.floor(np.abs(x) + np.float32(0.5))
    signed: NDArray[Any] = np.copysign(away, x)
    return signed


def _bounds(
    first: NDArray[Any], last: NDArray[Any], parts: int, side: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each part of each region begins and ends, (R, parts), within the image."""
    length = np.maximum(last - first + 1, 1)[:, None]
    each, i = length / np.float32(parts), np.arange(parts, dtype=np.float32)
    begins = np.floor(i * each) + first[:, None]
    ends = np.ceil((i + 1) * each) + first[:, None]
    return begins.clip(0, side).astype(np.intp), ends.clip(0, side).astype(np.intp)


class _Grid:
    """The parts of each region: the number of its image, and where rows and columns lie."""

    def __init__(
        self, regions: NDArray[Any], x: tuple[int, ...], y: tuple[int, ...], scale: float
    ) -> None:
        rows = regions.reshape(len(regions), 5).astype(np.float32)
        self.images = images_of(rows, x[0])
        left, top, right, bottom = rounded(rows[:, 1:] * np.float32(scale)).T
        self.tops, self.bottoms = _bounds(top, bottom, y[2], x[2])
        self.lefts, self.rights = _bounds(left, right, y[3], x[3])

    def regions(self) -> Iterator[tuple[int, int, slice, list[slice], list[slice]]]:
        """Yield each region that is not empty: its number, image, all rows, and its parts.

        The rows of the parts are counted from the first of all.
        """
        for r, image in enumerate(self.images):
            first, end = int(self.tops[r].min()), int(self.bottoms[r].max())
            rows = _slices(self.tops[r] - first, self.bottoms[r] - first)
            columns = _slices(self.lefts[r], self.rights[r])
            if end > first and any(c.stop > c.start for c in columns):
                yield r, int(image), slice(first, end), rows, columns


def _slices(begins: NDArray[np.intp], ends: NDArray[np.intp]) -> list[slice]:
    return [slice(int(b), max(int(b), int(e))) for b, e in zip(begins, ends, strict=True)]


def _pool(x: NDArray[Any], regions: NDArray[Any], y: NDArray[Any], scale: float) -> None:
    """Pool along the rows, then along the columns, of all channels at once."""
    pixels = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    y.fill(0)
    for r, image, all_rows, rows, columns in _Grid(regions, x.shape, y.shape, scale).regions():
        part = pixels[image, all_rows]
        for j, column in enumerate(columns):
            if column.stop > column.start:
                largest = part[:, column].max(axis=1)
                for i, row in enumerate(rows):
                    if row.stop > row.start:
                        y[r, :, i, j] = largest[row].max(axis=0)


def _give_back(
    x: NDArray[Any], regions: NDArray[Any], dy: NDArray[Any], dx: NDArray[Any], scale: float
) -> None:
    dx.fill(0)
    channel = np.arange(x.shape[1])
    for r, image, all_rows, rows, columns in _Grid(regions, x.shape, dy.shape, scale).regions():
        part, goal = x[image, :, all_rows], dx[image, :, all_rows]
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                pixels = part[:, row, column]
                if pixels.size:
                    at = pixels.reshape(len(channel), -1).argmax(axis=1)
                    down, right = np.divmod(at, pixels.shape[2])
                    goal[channel, row.start + down, column.start + right] += dy[r, :, i, j]

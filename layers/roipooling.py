"""Regions of an image, each pooled into a grid."""

from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from netdef.errors import DataError, FieldError, ShapeError
from netdef.layer import Grad, Layer, Saved, Signature, field
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
        return Signature([y], saved=[Saved("place", y, "int32")])

    def forward(self, ops: Ops, x: Array, regions: Array, y: Array, place: Array) -> None:
        pool = partial(_pool, scale=self.spatial_scale)
        ops.host(pool, x, regions, out=(y, place))

    def backward(self, ops: Ops, regions: Array, dy: Array, place: Array, grad: Grad) -> None:
        ops.host(_give_back, regions, dy, place, out=(grad.x,))


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


def _pool(
    x: NDArray[Any], regions: NDArray[Any], y: NDArray[Any], place: NDArray[Any], scale: float
) -> None:
    """Pool each region along its rows first, then along its columns: the first largest counts."""
    regions = regions.reshape(len(regions), 5).astype(np.float32)
    images, corners = images_of(regions, len(x)), rounded(regions[:, 1:] * np.float32(scale))
    tops, bottoms = _bounds(corners[:, 1], corners[:, 3], y.shape[2], x.shape[2])
    lefts, rights = _bounds(corners[:, 0], corners[:, 2], y.shape[3], x.shape[3])
    y.fill(0)
    place.fill(-1)
    for r, image in enumerate(images):
        rows = slice(tops[r].min(), bottoms[r].max())
        found = _of_rows(x[image, :, rows], lefts[r], rights[r])
        if found is None:
            continue
        for i, (top, bottom) in enumerate(zip(tops[r], bottoms[r], strict=True)):
            if bottom > top:
                largest, column = (f[:, top - rows.start : bottom - rows.start] for f in found)
                row = largest.argmax(axis=1)[:, None]
                y[r, :, i] = np.take_along_axis(largest, row, 1)[:, 0]
                at = np.take_along_axis(column, row, 1)[:, 0]
                place[r, :, i] = np.where(at < 0, -1, (row[:, 0] + top) * x.shape[3] + at)


def _of_rows(
    pixels: NDArray[Any], lefts: NDArray[Any], rights: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return the largest pixel of each part of each row, and its column: (C, rows, parts)."""
    if not pixels.size:
        return None
    largest = np.zeros((*pixels.shape[:2], len(lefts)), pixels.dtype)
    column = np.full(largest.shape, -1, np.intp)
    for j, (left, right) in enumerate(zip(lefts, rights, strict=True)):
        if right > left:
            at = pixels[:, :, left:right].argmax(axis=2)
            column[:, :, j] = at + left
            largest[:, :, j] = np.take_along_axis(pixels, column[:, :, j : j + 1], 2)[:, :, 0]
    return largest, column


def _give_back(
    regions: NDArray[Any], dy: NDArray[Any], place: NDArray[Any], dx: NDArray[Any]
) -> None:
    count, channels, height, width = dx.shape
    images = images_of(regions.reshape(len(regions), 5), count)
    plane = (images[:, None] * channels + np.arange(channels))[:, :, None, None]
    is_there = place >= 0
    at = (plane * height * width + place)[is_there]
    sums = np.bincount(at, weights=dy[is_there], minlength=dx.size)
    dx[...] = sums.reshape(dx.shape)

"""Regions of an image, each part of them pooled from channels of its own."""

from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from netdef.errors import ShapeError
from netdef.layer import Grad, Layer, Signature, field
from netdef.layers.roipooling import check_regions, images_of, rounded
from netdef.ops import Array, Ops
from netdef.shape import Shape


class PSROIPooling(Layer, message="psroi_pooling_param"):
    """Pool the mean of each part of a ``group_size`` (g) square grid from channels of its own.

    Part (i, j) of output channel d is the mean of channel ``(d g + i) g + j``. A region
    reaches from its rounded first corner to one past its rounded last, times
    ``spatial_scale``, and is at least 0.1 pixels long; a part takes the pixels from floor of
    its begin to ceil of its end, and is 0 if there are none (R-FCN, Dai 2016).

    Shapes:
        x: ``(N, output_dim g^2, H, W)``.
        regions: ``(R, 5)``: the number of the image in the batch, x1, y1, x2, y2.
        y: ``(R, output_dim, g, g)``.

    Raises:
        FieldError: a field is missing.
        ShapeError: x has another number of channels, or a bottom has not these axes.
        DataError: when run, a region is of no image in the batch.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "regions")
    without_gradient: ClassVar[frozenset[str]] = frozenset({"regions"})

    spatial_scale: float = field(above=0)
    output_dim: int = field(at_least=1)
    group_size: int = field(at_least=1)

    def infer(self, x: Shape, regions: Shape) -> Signature:
        check_regions(x, regions)
        channels = self.output_dim * self.group_size**2
        if x[1] != channels:
            raise ShapeError(
                f"output_dim {self.output_dim} and group_size {self.group_size} need {channels}"
                f" channels, but x has {x[1]}"
            )
        return Signature([Shape((regions[0], self.output_dim, *[self.group_size] * 2))])

    def forward(self, ops: Ops, x: Array, regions: Array, y: Array) -> None:
        ops.host(partial(_pool, scale=self.spatial_scale), x, regions, out=(y,))

    def backward(self, ops: Ops, regions: Array, dy: Array, grad: Grad) -> None:
        ops.host(partial(_give_back, scale=self.spatial_scale), regions, dy, out=(grad.x,))


class _Parts:
    """Index arrays of every part's corners in a plane, all of the shape of y."""

    def __init__(
        self, regions: NDArray[Any], x: tuple[int, ...], y: tuple[int, ...], scale: float
    ) -> None:
        _, outputs, grid, _ = y
        regions = regions.reshape(len(regions), 5).astype(np.float32)
        self.image = images_of(regions, x[0])[:, None, None, None]
        self.channel = np.arange(outputs * grid * grid).reshape(1, outputs, grid, grid)
        one_past = np.array([0, 0, 1, 1], np.float32)
        corners = (rounded(regions[:, 1:]) + one_past) * np.float32(scale)
        left, top, right, bottom = corners.T
        rows = _bounds(top, bottom, grid, x[2])
        columns = _bounds(left, right, grid, x[3])
        self.top, self.bottom = (edge[:, None, :, None] for edge in rows)
        self.left, self.right = (edge[:, None, None, :] for edge in columns)
        pixels = (self.bottom - self.top) * (self.right - self.left)
        self.share = np.where(pixels > 0, 1 / np.maximum(pixels, 1), 0)

    def corners(self) -> list[tuple[int, tuple[NDArray[Any], ...]]]:
        """Return the corners with the sign by which an integral image counts them."""
        ends = ((self.top, 1), (self.bottom, -1)), ((self.left, 1), (self.right, -1))
        return [
            (sign * other, (self.image, self.channel, row, column))
            for row, sign in ends[0]
            for column, other in ends[1]
        ]


def _bounds(
    first: NDArray[Any], end: NDArray[Any], parts: int, side: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each part of each region begins and ends, (R, parts), within the image."""
    each = (np.maximum(end - first, np.float32(0.1)) / np.float32(parts))[:, None]
    i = np.arange(parts, dtype=np.float32)
    begins = np.floor(i * each + first[:, None]).clip(0, side).astype(np.intp)
    ends = np.ceil((i + 1) * each + first[:, None]).clip(0, side).astype(np.intp)
    return begins, np.maximum(ends, begins)


def _pool(x: NDArray[Any], regions: NDArray[Any], y: NDArray[Any], scale: float) -> None:
    parts = _Parts(regions, x.shape, y.shape, scale)
    integral = np.zeros((*x.shape[:2], x.shape[2] + 1, x.shape[3] + 1))
    integral[:, :, 1:, 1:] = x.cumsum(axis=2, dtype=np.float64).cumsum(axis=3)
    y[...] = sum(sign * integral[corner] for sign, corner in parts.corners()) * parts.share


def _give_back(regions: NDArray[Any], dy: NDArray[Any], dx: NDArray[Any], scale: float) -> None:
    parts = _Parts(regions, dx.shape, dy.shape, scale)
    steps = np.zeros((*dx.shape[:2], dx.shape[2] + 1, dx.shape[3] + 1))
    for sign, corner in parts.corners():
        np.add.at(steps, corner, sign * dy * parts.share)
    dx[...] = steps.cumsum(axis=2).cumsum(axis=3)[:, :, :-1, :-1]

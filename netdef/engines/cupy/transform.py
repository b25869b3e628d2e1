"""Images that came as bytes, turned into what the net sees."""

from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from netdef.data.finish import Finish
from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import Strides, axes_of, strides_of, struct
from netdef.shape import Shape

_NUMBER, _COLUMN = (1, 0, 0, 0), (0, 0, 0, 1)
"""Strides by which places tell the number of their image, and their column in it."""


class Transform(Launching):
    """Does on the device what sources left to do with images: see ``Finish``."""

    def __init__(self, xp: ModuleType, finish: Finish) -> None:
        super().__init__(xp)
        self.finish = finish
        mean = finish.mean
        self._mean = None if mean is None else xp.asarray(np.ascontiguousarray(mean))
        shape = (1, 1, 1) if mean is None else mean.shape
        strides = (0, 0, 0) if self._mean is None else strides_of(self._mean)
        self._along_mean: Strides = tuple(
            0 if n == 1 else s for n, s in zip(shape, strides, strict=True)
        )

    def __call__(self, pixels: Any, drawn: Any, y: Any) -> None:
        """Compute ``y`` from as many images as it has.

        Shapes:
            pixels: ``(N, C, H, W)`` uint8.
            drawn: ``(N, 3)`` int32, in C order.
            y: ``(N, C, h, w)``, in any type that images are stored in.
        """
        lying = (Shape(y.shape), strides_of(y), strides_of(pixels), self._along_mean)
        count, by = _lying(*lying)
        scale = np.float32(self.finish.scale)
        arrays = (pixels, drawn, self._mean, y)
        self.launch("transform", "transform", y.dtype, self.blocks_for(count), *arrays, by, scale)()


@lru_cache(maxsize=64)
def _lying(shape: Shape, y: Strides, x: Strides, mean: Strides) -> tuple[int, Any]:
    """Return the places of ``y``, and the struct ``Transform``."""
    axes = axes_of(shape, y, _NUMBER, _COLUMN, x, (0, *mean))
    steps = (shape[3], *x[2:], *mean[1:])
    return axes.count, struct(axes.count, axes.packed(), *axes.packed_strides(), steps)

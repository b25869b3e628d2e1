"""What is left to do with images that a source hands out as bytes."""

from dataclasses import dataclass

import numpy as np

from netdef.shape import Shape

DRAWN = 3
"""The numbers that are drawn for an image: its crop's first row and column, and 1 if it is flipped,
else 0."""


@dataclass(frozen=True, eq=False)
class Finish:
    """``y = (crop(x) - crop(mean)) * scale``, flipped left to right where that was drawn.

    For images whose bytes travel to a GPU, which computes it in float32, rounding after the
    subtraction and after the product: what ``Normalization`` computes, bit for bit, but where a
    result is below 2**-126, which GPUs flush to 0.

    Shapes:
        mean: ``(C, H, W)``, ``(C, 1, 1)`` or ``(1, 1, 1)``; None subtracts nothing.
        x: ``(N, C, H, W)`` uint8.
        drawn: ``(N, 3)`` int32.
        y: ``(N, C, crop_size, crop_size)``, or ``(N, C, H, W)`` if ``crop_size`` is 0.
    """

    mean: np.ndarray | None
    scale: np.float32
    crop_size: int

    def shape(self, pixels: Shape) -> Shape:
        """Return the shape that ``pixels``, of one image or of a batch, get."""
        *lead, height, width = pixels
        sides = (self.crop_size,) * 2 if self.crop_size else (height, width)
        return Shape((*lead, *sides))

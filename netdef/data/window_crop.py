"""Cutting a window out of an image and fitting it to a square, as Caffe's WindowData does."""

import math
from dataclasses import dataclass

import numpy as np

from netdef.data.image_file import resize
from netdef.data.window_list import ImageWindow
from netdef.errors import DataError

_Sides = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Span:
    """One axis of a crop, in pixels: ``start`` to ``stop`` of the image become ``size``.

    ``before`` and ``after`` are the padding on both sides of these.
    """

    start: int
    stop: int
    size: int
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class WindowCrop:
    """How windows become squares of ``size`` pixels.

    Without ``context`` and ``is_square`` the window itself is stretched. Else it grows about
    its centre, first to a square if ``is_square``, then so that ``context`` pixels of the
    result lie on each side of it; what reaches beyond the image is left as padding.
    """

    size: int
    context: int
    is_square: bool

    def spans(self, window: ImageWindow, height: int, width: int) -> tuple[Span, Span]:
        """Return the rows and the columns of a window's crop.

        Raises:
            DataError: the window lies outside of the image.
        """
        sides: _Sides = ((window.top, window.bottom), (window.left, window.right))
        if self.context or self.is_square:
            sides = self._grown(sides)
            spans = tuple(self._clip(*s, n) for s, n in zip(sides, (height, width), strict=True))
        else:
            spans = tuple(Span(low, high + 1, self.size) for low, high in sides)
        rows, columns = spans
        if not (_is_inside(rows, height) and _is_inside(columns, width)):
            corners = f"{window.left} {window.top} {window.right} {window.bottom}"
            raise DataError(f"the window {corners} is not inside its {width} x {height} image")
        return rows, columns

    def _grown(self, sides: _Sides) -> _Sides:
        scale = self.size / (self.size - 2 * self.context)
        halves = [(high - low + 1) / 2 for low, high in sides]
        centres = [low + half for (low, _), half in zip(sides, halves, strict=True)]
        if self.is_square:
            halves = [max(halves)] * 2
        reaches = [half * scale for half in halves]
        pairs = zip(centres, reaches, strict=True)
        return tuple((_nearest(c - reach), _nearest(c + reach)) for c, reach in pairs)

    def _clip(self, low: int, high: int, length: int) -> Span:
        """Clip the pixels from low to high to the image, and scale what is left."""
        before, after = max(0, -low), max(0, high - length + 1)
        scale = self.size / (high - low + 1)
        start, stop = low + before, high - after + 1
        sizes = (_nearest(n * scale) for n in (stop - start, before, after))
        return Span(start, stop, *sizes)

    def cut(
        self, image: np.ndarray, window: ImageWindow, flips: bool
    ) -> tuple[np.ndarray, int, int]:
        """Return a window's pixels, and the row and column of the square that they begin at.

        Shapes:
            image: ``(C, H, W)`` uint8.
            pixels: ``(C, h, w)`` uint8, h and w at most ``size``.

        Raises:
            DataError: the window lies outside of the image.
        """
        rows, columns = self.spans(window, *image.shape[1:])
        part = image[:, rows.start : rows.stop, columns.start : columns.stop]
        top, left = rows.before, columns.after if flips else columns.before
        # Rounding may make part and padding together a pixel larger than the square.
        height, width = min(rows.size, self.size - top), min(columns.size, self.size - left)
        pixels = resize(part, height, width)
        return (pixels[..., ::-1] if flips else pixels), top, left


def _is_inside(span: Span, length: int) -> bool:
    return 0 <= span.start < span.stop <= length and span.size > 0


def _nearest(x: float) -> int:
    """Round to the nearest whole number, halves away from 0, as C does."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x))

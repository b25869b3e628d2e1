"""The filters of a convolution as one picture."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import ConfigError
from netdef.io.blobs import Array

_LEAST_SIDE = 40
"""Pixels that a filter's longer side gets at least."""
_PAPER, _GAP = 255, 2
_MOST_TILES = 16384


def filter_sheet(blob: Array) -> NDArray[np.uint8]:
    """Return filters side by side, from negative (dark) over 0 (grey) to positive (light).

    Filters of 3 channels are in colour; of others each channel is a picture of its own, those of
    one filter in a row. All have one scale: ``128 + 127 w / max |w|``.

    Shapes:
        blob: ``(N, C, H, W)``.
        returns: ``(height, width, 3)`` uint8, BGR, the order of a net's channels taken as BGR.

    Raises:
        ConfigError: the blob has not four axes, or would be too many pictures.
    """
    if blob.ndim != 4:
        raise ConfigError(f"has the shape {blob.shape}; filters are (N, C, H, W)")
    count, channels = blob.shape[:2]
    is_colored = channels == 3
    if count * (1 if is_colored else channels) > _MOST_TILES:
        raise ConfigError(
            f"has {count} filters of {channels} channels, too many to draw; choose a layer near"
            " the data"
        )
    scale = float(np.nanmax(np.abs(blob), initial=0)) or 1.0
    levels = np.nan_to_num(128 + 127 / scale * blob).clip(0, 255).astype(np.uint8)
    if is_colored or channels == 1:
        colors = np.broadcast_to(levels, (count, 3, *blob.shape[2:]))
        return _grid(colors.transpose(0, 2, 3, 1), math.ceil(math.sqrt(count)))
    tiles = levels.reshape(-1, *blob.shape[2:], 1)
    return _grid(np.broadcast_to(tiles, (*tiles.shape[:3], 3)), channels)


def _grid(tiles: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Put tiles ``(count, h, w, 3)`` in rows of ``columns``, each pixel a square of several."""
    count, height, width, _ = tiles.shape
    times = max(1, math.ceil(_LEAST_SIDE / max(height, width))) if count <= 1024 else 1
    tiles = tiles.repeat(times, axis=1).repeat(times, axis=2)
    height, width = height * times + _GAP, width * times + _GAP
    rows = -(-count // columns)
    sheet: NDArray[Any] = np.full((rows * height + _GAP, columns * width + _GAP, 3), _PAPER, "u1")
    for i, tile in enumerate(tiles):
        top, left = i // columns * height + _GAP, i % columns * width + _GAP
        sheet[top : top + height - _GAP, left : left + width - _GAP] = tile
    return sheet

"""Parts of many small images at once, some of them mirrored."""

import numpy as np


def cut_parts(
    x: np.ndarray, corners: np.ndarray, sides: tuple[int, int], mirrored: np.ndarray
) -> np.ndarray:
    """Return of each image the part at its corner, flipped left to right where ``mirrored``.

    Shapes:
        x: ``(N, C, H, W)``.
        corners: ``(N, 2)``, first rows and columns.
        mirrored: ``(N,)`` booleans.
        parts: ``(N, C, *sides)``.
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, sides, axis=(2, 3))
    parts: np.ndarray = windows[np.arange(len(x)), :, corners[:, 0], corners[:, 1]]
    turned = np.flatnonzero(mirrored)
    parts[turned] = parts[turned, ..., ::-1]
    return parts

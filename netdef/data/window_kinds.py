"""Which windows of a list are background and which objects."""

import numpy as np

from netdef.data.window_list import ImageWindow
from netdef.errors import DataError
from netdef.proto import WindowDataParameter

Windows = list[ImageWindow]


def background_and_objects(
    param: WindowDataParameter, objects_in_batch: int, windows: Windows
) -> tuple[Windows, Windows]:
    """Return the windows below ``bg_threshold``, as class 0, and those from ``fg_threshold`` on.

    Overlaps and thresholds are compared in float32, as Caffe does.

    Raises:
        DataError: there are none of those that a batch takes, or an object is of class 0.
    """
    from_overlap, below = np.float32(param.fg_threshold), np.float32(param.bg_threshold)
    objects: Windows = []
    background: Windows = []
    for window in windows:
        overlap = np.float32(window.overlap)
        if overlap >= from_overlap:
            if window.label < 1:
                raise DataError(
                    f"{param.source}:{window.line}: an object has the class {window.label}; "
                    "classes of objects begin at 1"
                )
            objects.append(window)
        elif overlap < below:
            background.append(window._replace(label=0))
    _check(param, background, param.batch_size - objects_in_batch, f"below bg_threshold {below:g}")
    _check(param, objects, objects_in_batch, f"from fg_threshold {from_overlap:g} on")
    return background, objects


def _check(param: WindowDataParameter, windows: Windows, count: int, which: str) -> None:
    if count and not windows:
        raise DataError(
            f"{param.source}: no window has an overlap {which}, but each batch takes {count}; "
            "change the threshold or fg_fraction"
        )

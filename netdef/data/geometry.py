"""Resizing, padding and turning images, and cutting parts out of them."""

import math
from collections.abc import Sequence

import numpy as np

from netdef.proto import BorderParameter, TransformationParameter


def resized_sides(param: TransformationParameter, height: int, width: int) -> tuple[int, int]:
    """Return the sides that ``resize`` and ``resize_mode`` give an image."""
    size, mode = param.resize, param.resize_mode
    if not size:
        return height, width
    if mode == BorderParameter.BOTH:
        return size, size
    side = min(height, width) if mode == BorderParameter.SHORTER else max(height, width)
    return max(1, round(height * size / side)), max(1, round(width * size / side))


def padded(param: TransformationParameter, image: np.ndarray) -> np.ndarray:
    """Return an image ``(C, H, W)`` with ``pad`` pixels more on each side."""
    widths = ((0, 0), (param.pad, param.pad), (param.pad, param.pad))
    if param.pad_mode == BorderParameter.ZERO:
        return np.pad(image, widths)
    return np.pad(image, widths, "edge" if param.pad_mode == BorderParameter.EDGE else "reflect")


def turned(param: TransformationParameter, image: np.ndarray, amount: float) -> np.ndarray:
    """Return an image ``(C, H, W)`` turned by ``amount``, from -1 to 1, times ``max_rotation``."""
    import cv2

    modes = {
        BorderParameter.ZERO: cv2.BORDER_CONSTANT,
        BorderParameter.REFLECT: cv2.BORDER_REFLECT_101,
        BorderParameter.EDGE: cv2.BORDER_REPLICATE,
    }
    height, width = image.shape[1:]
    degrees = amount * param.max_rotation
    around = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    mode = modes[param.pad_mode]
    planes = [
        cv2.warpAffine(np.ascontiguousarray(plane), around, (width, height), borderMode=mode)
        for plane in image
    ]
    return np.stack(planes)


def part(
    param: TransformationParameter, sides: Sequence[int], numbers: np.ndarray
) -> tuple[slice, slice]:
    """Return the rows and columns of a part of random area, proportion and place.

    Four ``numbers`` from 0 to 1 decide these: the area is from ``min_crop_area`` of the whole on,
    the logarithm of the proportion uniform up to that of ``max_crop_aspect``.
    """
    height, width = sides
    area, aspect, row, column = numbers.tolist()
    least, bound = param.min_crop_area, math.log(param.max_crop_aspect)
    side = math.sqrt(height * width * (least + area * (1 - least)))
    stretch = math.exp((2 * aspect - 1) * bound / 2)
    rows = min(height, max(1, round(side / stretch)))
    columns = min(width, max(1, round(side * stretch)))
    top, left = int(row * (height - rows + 1)), int(column * (width - columns + 1))
    return slice(top, top + rows), slice(left, left + columns)

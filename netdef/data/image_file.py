"""Image files to pixels, resized as Caffe does."""

from pathlib import Path

import numpy as np

from netdef.data.datum import decode_image, planes
from netdef.errors import DataError, at, cannot_read


def read_image(
    path: str, color: bool, height: int = 0, width: int = 0, least: int = 0
) -> np.ndarray:
    """Return the pixels of a file, of ``height`` and ``width`` pixels if they are not 0.

    ``least``: see ``decode_image``.

    Shapes:
        pixels: ``(C, H, W)`` uint8, three channels (BGR) if ``color``, else one.

    Raises:
        DataError: the file is missing or damaged.
    """
    return image_of(file_content(path), path, color, height, width, least)


def file_content(path: str) -> bytes:
    """Return the bytes of a file that a list names."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        # One kind of error for whatever a list leads to: the mend is in the list.
        raise DataError(str(cannot_read(path, error))) from error


def image_of(
    content: bytes, path: str, color: bool, height: int = 0, width: int = 0, least: int = 0
) -> np.ndarray:
    """Return the pixels of an image file's bytes; see ``read_image`` and ``decode_image``."""
    with at(path):
        image = decode_image(content, color, least)
    return resize(image, height, width) if height else image


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the image in another size, interpolated linearly between pixels' centres.

    Shapes:
        image: ``(C, H, W)`` uint8; C unchanged.
    """
    import cv2

    # A view: OpenCV takes a part of an image as it lies, and copies what it must.
    pixels = image.transpose(1, 2, 0)
    return planes(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR))

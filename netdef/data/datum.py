"""Datum, the record of Caffe's image databases: bytes to pixels and back."""

from typing import cast

import numpy as np
from google.protobuf.message import DecodeError

from netdef.data.jpeg_head import jpeg_head
from netdef.errors import DataError
from netdef.proto import Datum
from netdef.shape import Shape

Label = int | tuple[float, ...]
"""A class, or several numbers."""


def decode(raw: bytes, color: bool | None = None) -> tuple[np.ndarray, Label]:
    """Return the pixels and the label of a serialised Datum.

    ``color`` is how an encoded image (JPEG, PNG ...) is read: True as three channels, False
    as one, None as it is stored. Raw pixels are taken as they are, as Caffe does.

    Shapes:
        pixels: ``(C, H, W)``; uint8 from bytes and images (channels BGR), float32 from
            ``float_data``.

    Raises:
        DataError: it is no Datum, its image does not decode, or its size is wrong.
    """
    datum = parse(raw)
    return pixels(datum, color), label_of(datum)


def label_of(datum: Datum) -> Label:
    """Return the class, or the numbers where ``float_data`` stands beside an image."""
    return tuple(datum.float_data) if datum.data and datum.float_data else datum.label


def parse(raw: bytes | memoryview) -> Datum:
    """Return the message that ``raw`` holds."""
    try:
        return Datum.FromString(cast(bytes, raw))  # it takes views as well
    except DecodeError as error:
        raise DataError(
            f"is not a Datum ({len(raw)} bytes that do not parse); "
            "convert the images into the database again"
        ) from error


def pixels(datum: Datum, color: bool | None = None, least: int = 0) -> np.ndarray:
    """Return the pixels of ``datum``; see ``decode``, and of ``least`` ``decode_image``."""
    if datum.encoded:
        return decode_image(datum.data, color, least)
    shape = (datum.channels, datum.height, datum.width)
    data = datum.data
    values: np.ndarray
    if data:
        values, unit = np.frombuffer(data, np.uint8), "bytes"
    else:
        values, unit = np.array(datum.float_data, np.float32), "values"
    if min(shape) < 1 or values.size != Shape(shape).size:
        size = " x ".join(map(str, shape))
        raise DataError(
            f"{values.size} {unit} do not fill channels x height x width = {size}; "
            "convert the images into the database again"
        )
    return values.reshape(shape)


def decode_image(data: bytes, color: bool | None = None, least: int = 0) -> np.ndarray:
    """Return the pixels of an image file's bytes.

    ``least``, if not 0, lets a JPEG be decoded at 1/2, 1/4 or 1/8 of its size where its sides
    stay so many pixels long or longer.

    Shapes:
        pixels: ``(C, H, W)`` uint8, channels BGR as OpenCV and Caffe have them.

    Raises:
        DataError: OpenCV does not know the format, or the image has not 8 bits a channel.
    """
    import cv2

    mode = _reading_mode(data, color, least)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), mode) if data else None
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in error.err:
            raise DataError(
                f"its image is too large for OpenCV ({error.err}); make it smaller, or raise"
                " OPENCV_IO_MAX_IMAGE_PIXELS in the environment"
            ) from error
        raise DataError(f"OpenCV cannot decode its image ({error.err}); it is damaged") from error
    if image is None:
        raise DataError(
            f"its {len(data)} bytes are not an image that OpenCV reads; "
            "it is damaged or of an unknown format"
        )
    if image.dtype != np.uint8:
        raise DataError(f"its image has {image.dtype} pixels; save it with 8 bits a channel")
    return planes(image)


def _reading_mode(data: bytes, color: bool | None, least: int) -> int:
    """Return how OpenCV is to read an image file's bytes."""
    import cv2

    head = jpeg_head(data) if least else None
    divided = head.reduction(least) if head else 1
    if head is None or divided == 1:
        modes = {None: cv2.IMREAD_UNCHANGED, True: cv2.IMREAD_COLOR, False: cv2.IMREAD_GRAYSCALE}
        return modes[color]
    kind = "COLOR" if (head.channels > 1 if color is None else color) else "GRAYSCALE"
    mode: int = getattr(cv2, f"IMREAD_REDUCED_{kind}_{divided}")
    # As IMREAD_UNCHANGED does, which turns nothing.
    return mode | cv2.IMREAD_IGNORE_ORIENTATION if color is None else mode


def planes(image: np.ndarray) -> np.ndarray:
    """View an image of OpenCV's, ``(H, W)`` or ``(H, W, C)``, as ``(C, H, W)``."""
    return image[None] if image.ndim == 2 else image.transpose(2, 0, 1)


def encode(values: np.ndarray, label: Label, *, says_encoded: bool = True) -> bytes:
    """Return pixels ``(C, H, W)`` as a Datum, byte for byte as Caffe's converters write it.

    uint8 becomes ``data``, anything else ``float_data``. ``says_encoded`` writes out
    ``encoded: false`` as convert_imageset does; convert_mnist_data leaves it out. A label
    of several numbers goes into ``float_data`` beside ``data``, where Caffe does not look.

    Raises:
        DataError: float values have a label of several numbers.
    """
    channels, height, width = values.shape
    datum = Datum(channels=channels, height=height, width=width)
    _set_label(datum, label)
    if values.dtype == np.uint8:
        datum.data = values.tobytes()
    elif datum.float_data:
        raise DataError("a record of float values has no place for a label of several numbers")
    else:
        datum.float_data.extend(values.ravel().tolist())
    if says_encoded:
        datum.encoded = False
    return datum.SerializeToString(deterministic=True)


def encode_file(data: bytes, label: Label) -> bytes:
    """Return the bytes of an image file as a Datum, as Caffe's ``convert_imageset -encoded``."""
    datum = Datum(data=data, encoded=True)
    _set_label(datum, label)
    return datum.SerializeToString(deterministic=True)


def _set_label(datum: Datum, label: Label) -> None:
    if isinstance(label, tuple):
        datum.float_data.extend(label)
    else:
        datum.label = label

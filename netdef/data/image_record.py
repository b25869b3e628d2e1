"""An image file to a record of a database."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netdef.data.datum import Label, decode_image, encode, encode_file
from netdef.data.image_file import file_content, resize
from netdef.errors import ConfigError, DataError, at


@dataclass(frozen=True)
class ImageRecords:
    """How images below ``root`` become records.

    ``encoded`` stores image files instead of pixels: the file itself if it is not resized and
    its ending fits ``encode_type`` (``png``, ``jpg`` ...; by default each file's own ending),
    else a new one. A file stored as it is keeps its colours, ``gray`` or not, as with Caffe.

    Raises:
        ConfigError: only one of ``width`` and ``height`` is given.
    """

    root: Path
    gray: bool = False
    width: int = 0
    height: int = 0
    encoded: bool = False
    encode_type: str = ""

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 0 or bool(self.width) != bool(self.height):
            raise ConfigError("resize_width and resize_height: give both, in pixels, or none")

    def record(self, name: str, label: Label) -> tuple[bytes, tuple[int, ...]]:
        """Return the Datum of an image, and the image's channels, height and width.

        Raises:
            DataError: the file is missing or damaged.
        """
        path = self.root / name
        content = file_content(str(path))
        with at(str(path)):
            image = decode_image(content, color=not self.gray)
            if self.width:
                image = resize(image, self.height, self.width)
            if not self.encoded:
                return encode(image, label), image.shape
            own = path.suffix[1:].lower()
            kind = self.encode_type.lower() or own
            if not self.width and _is_same_format(own, kind):
                return encode_file(content, label), image.shape
            return encode_file(_encode_image(image, kind), label), image.shape


def _is_same_format(one: str, other: str) -> bool:
    return {"jpg": "jpeg"}.get(one, one) == {"jpg": "jpeg"}.get(other, other)


def _encode_image(image: np.ndarray, kind: str) -> bytes:
    import cv2

    pixels = np.ascontiguousarray(image.transpose(1, 2, 0))
    try:
        is_encoded, content = cv2.imencode(f".{kind}", pixels)
    except cv2.error:
        is_encoded = False
    if not is_encoded:
        raise DataError(f"OpenCV writes no images of type {kind!r}; try encode_type png or jpg")
    return content.tobytes()

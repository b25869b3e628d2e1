"""A list of image files to a database, as Caffe's convert_imageset does."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netdef.data.database import database_writer
from netdef.data.database_writer import refuse_existing
from netdef.data.datum import decode_image, encode, encode_file, planes
from netdef.data.image_list import ImageEntry, read_image_list
from netdef.data.progress import Progress, Tally
from netdef.data.random_words import permutation
from netdef.errors import ConfigError, DataError, at, cannot_read


def convert_imageset(
    root: str | Path,
    list_file: str | Path,
    out: str | Path,
    *,
    gray: bool = False,
    shuffle: bool = False,
    backend: str = "LMDB",
    resize_width: int = 0,
    resize_height: int = 0,
    check_size: bool = False,
    encoded: bool = False,
    encode_type: str = "",
    progress: Progress | None = None,
    seed: int = 0,
) -> Path:
    """Write the images that ``list_file`` names, below ``root``, to a new database; return it.

    A line of the list is ``name label``; the key of line i is ``%08d_name``, counted from 0
    after shuffling. ``encoded`` stores image files instead of pixels: the file itself if it
    is not resized and its ending fits ``encode_type`` (``png``, ``jpg`` ...; by default
    each file's own ending), else a new one. A file stored as it is keeps its colours, ``gray``
    or not, as with Caffe.

    Raises:
        MissingFile: the list is not there.
        DataError: the list is wrong, or an image is missing, damaged or, with
            ``check_size``, of another size; the message names the list's line.
        ConfigError: ``out`` is there already, or the options exclude each other.
        RunError: the database cannot be written.
    """
    store = _Store(Path(root), gray, resize_width, resize_height, encoded, encode_type.lower())
    refuse_existing(Path(out))
    entries = read_image_list(list_file)
    order = permutation(seed, "convert_imageset", len(entries)) if shuffle else range(len(entries))
    tally = Tally(progress, len(entries))
    first: tuple[int, ...] | None = None
    with database_writer(out, backend) as database:
        for number, entry in enumerate(entries[i] for i in order):
            with at(f"{list_file}:{entry.line}"):
                value, size = store.record(entry)
                first = first or size
                if check_size and size != first:
                    raise DataError(_differs(entry, size, first))
            database.put(b"%08d_%s" % (number, entry.name.encode()), value)
            tally.count()
    return Path(out)


def _differs(entry: ImageEntry, size: tuple[int, ...], first: tuple[int, ...]) -> str:
    mine, others = ("x".join(map(str, shape)) for shape in (size, first))
    return (
        f"{entry.name} is {mine} (channels x height x width), the first image {others}; "
        "resize them, or drop check_size"
    )


@dataclass(frozen=True)
class _Store:
    """How an image becomes a record."""

    root: Path
    gray: bool
    width: int
    height: int
    encoded: bool
    encode_type: str

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 0 or bool(self.width) != bool(self.height):
            raise ConfigError("resize_width and resize_height: give both, in pixels, or none")

    def record(self, entry: ImageEntry) -> tuple[bytes, tuple[int, ...]]:
        """Return the Datum of an entry, and the image's channels, height and width."""
        path = self.root / entry.name
        try:
            content = path.read_bytes()
        except OSError as error:
            # One kind of error for whatever a list leads to: the mend is in the list.
            raise DataError(str(cannot_read(path, error))) from error
        with at(str(path)):
            image = self._resized(decode_image(content, color=not self.gray))
            if not self.encoded:
                return encode(image, entry.label), image.shape
            own = path.suffix[1:].lower()
            kind = self.encode_type or own
            if not self.width and _is_same_format(own, kind):
                return encode_file(content, entry.label), image.shape
            return encode_file(_encode_image(image, kind), entry.label), image.shape

    def _resized(self, image: np.ndarray) -> np.ndarray:
        import cv2

        if not self.width:
            return image
        pixels = np.ascontiguousarray(image.transpose(1, 2, 0))
        size = (self.width, self.height)
        return planes(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR))


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

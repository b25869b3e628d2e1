"""The mean image of a database, as Caffe's compute_image_mean has it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from netdef.data.database import open_database, records
from netdef.data.datum import decode
from netdef.data.lmdb_reader import key_text
from netdef.data.progress import Progress, Tally
from netdef.errors import ShapeError, at
from netdef.io.whole_file import writing_whole
from netdef.proto import BlobProto
from netdef.shape import Shape


def mean_image(path: str | Path, progress: Progress | None = None) -> np.ndarray:
    """Return the mean of the images of a database, which must all have one size.

    Summed in float64: sums of more than 65,000 images are beyond what float32 holds exactly.

    Shapes:
        mean: ``(C, H, W)`` float32.

    Raises:
        MissingFile: there is no database.
        ShapeError: an image has another size than the first one.
        DataError: the database or a record is damaged; the message names it.
    """
    total = np.zeros(0)
    count = 0
    for where, image in _images(Path(path), progress):
        if not count:
            total = np.zeros(image.shape)
        elif image.shape != total.shape:
            raise ShapeError(
                f"{where}: its image is {Shape(image.shape)}, the first one "
                f"{Shape(total.shape)}; a mean needs images of one size: resize them"
            )
        total += image
        count += 1
    return (total / count).astype(np.float32)


def _images(path: Path, progress: Progress | None) -> Iterator[tuple[str, np.ndarray]]:
    with closing(open_database(path)) as database:
        tally = Tally(progress, database.entries)
        for key, value in records(database):
            where = f"{path}: record {key_text(key)!r}"
            with at(where):
                image, _ = decode(value)
            yield where, image
            tally.count()


def write_mean(mean: np.ndarray, out: str | Path) -> None:
    """Write a mean image ``(C, H, W)`` as a BlobProto with four axes, as Caffe does.

    Raises:
        RunError: the file cannot be written.
    """
    channels, height, width = mean.shape
    blob = BlobProto(num=1, channels=channels, height=height, width=width, data=mean.ravel())
    with writing_whole(out) as file:
        file.write(blob.SerializeToString(deterministic=True))

"""Image files to a database, as Caffe's convert_imageset does."""

import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

from netdef.data.database import database_writer
from netdef.data.database_writer import refuse_existing
from netdef.data.image_record import ImageRecords
from netdef.data.labelled_list import LabelledImage, Refuse, folder_images, listed_images
from netdef.data.progress import Progress, Tally
from netdef.data.random_words import permutation
from netdef.data.run_name import run_name
from netdef.errors import DataError, NetdefError, at

Record = tuple[bytes, tuple[int, ...]]
_AHEAD = 32
"""Images for each thread that are read before they are written."""


def convert_imageset(
    root: str | Path,
    list_file: str | Path | None,
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
    labels: int = 0,
    workers: int = 0,
    skip_bad: Callable[[str], None] | None = None,
    progress: Progress | None = None,
    seed: int = 0,
) -> Path:
    """Write the images that ``list_file`` names, below ``root``, to a new database; return it.

    A line of the list is ``name label``, or a name and so many numbers as ``labels`` says,
    which are stored as a vector; see ``datum.encode``. Without a list, ``root`` holds a
    folder of images for each class. The key of image i is ``%08d_name``, counted from 0 after
    shuffling. ``encoded`` and ``encode_type``: see ``ImageRecords``.

    ``workers`` threads, by default one for each core, read and decode; what is written does
    not depend on them. ``skip_bad`` is told of images and lines that cannot be taken, which
    are then left out. A run that was killed or interrupted is gone on with by the same call.

    Raises:
        MissingFile: the list or the folder is not there.
        DataError: the list is wrong, or an image is missing, damaged or, with
            ``check_size``, of another size; the message names the list's line.
        ConfigError: ``out`` is there already, or the options exclude each other.
        RunError: the database cannot be written.
    """
    how = ImageRecords(Path(root), gray, resize_width, resize_height, encoded, encode_type)
    refuse_existing(Path(out))
    refuse = _refusal(skip_bad)
    if list_file is None:
        images = folder_images(Path(root))
    else:
        images = listed_images(Path(list_file), labels, refuse)
    if shuffle:
        images = [images[i] for i in permutation(seed, "convert_imageset", len(images))]
    name = run_name(how, backend, check_size, images)
    with database_writer(out, backend, name) as database:
        first = _number_after(database.last_key())
        sizes = _Sizes(_first_size(how, images[:first])) if check_size else None
        tally = Tally(progress, len(images), first)
        converted = _converted(how, images[first:], workers or os.cpu_count() or 1)
        # Closed here, and not by whichever thread collects it: that may be one of its own.
        with closing(converted) as results:
            for number, image, result in zip(count(first), images[first:], results, strict=False):
                try:
                    value = _value(image, result, sizes)
                except DataError as error:
                    refuse(error)
                else:
                    database.put(b"%08d_%s" % (number, os.fsencode(image.name)), value)
                tally.count()
        if not images or (skip_bad and database.is_empty()):
            raise DataError(f"{list_file or root}: no image could be taken")
    return Path(out)


def _value(image: LabelledImage, result: Callable[[], Record], sizes: "_Sizes | None") -> bytes:
    """Return an image's record."""
    with at(image.where):
        value, size = result()
        if sizes:
            sizes.check(image.name, size)
    return value


def _refusal(skip_bad: Callable[[str], None] | None) -> Refuse:
    def refuse(error: NetdefError) -> None:
        if skip_bad is None:
            raise error
        skip_bad(str(error))

    return refuse


def _number_after(key: bytes | None) -> int:
    return 0 if key is None else int(key.partition(b"_")[0]) + 1


def _converted(
    how: ImageRecords, images: list[LabelledImage], workers: int
) -> Generator[Callable[[], Record]]:
    """Yield functions that return the records of images, in their order; threads run ahead."""
    with ThreadPoolExecutor(workers) as pool:
        begun: deque[Future[Record]] = deque()
        try:
            for image in images:
                begun.append(pool.submit(how.record, image.name, image.label))
                if len(begun) > workers * _AHEAD:
                    yield begun.popleft().result
            while begun:
                yield begun.popleft().result
        finally:
            pool.shutdown(cancel_futures=True)


def _first_size(how: ImageRecords, images: list[LabelledImage]) -> tuple[int, ...] | None:
    """Return the size of the first image that a killed run had taken."""
    for image in images:
        try:
            return how.record(image.name, image.label)[1]
        except DataError:
            continue
    return None


class _Sizes:
    """Refuses images of another size than the first one."""

    def __init__(self, first: tuple[int, ...] | None) -> None:
        self._first = first

    def check(self, name: str, size: tuple[int, ...]) -> None:
        self._first = self._first or size
        if size != self._first:
            mine, others = ("x".join(map(str, shape)) for shape in (size, self._first))
            raise DataError(
                f"{name} is {mine} (channels x height x width), the first image {others}; "
                "resize them, or drop check_size"
            )

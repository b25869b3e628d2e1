"""Pictures to train a classifier with: two databases of labelled Datums."""

from collections.abc import Sequence
from pathlib import Path

from netdef.class_folders import LabelledPictures, check_names
from netdef.data.progress import Progress, Tally
from netdef.errors import ConfigError, DataError
from netdef.pictures import PictureDatabase

_AT_ONCE = 64


def read_class_databases(
    train: str | Path,
    val: str | Path,
    names: Sequence[str] = (),
    progress: Progress | None = None,
) -> LabelledPictures:
    """Open two databases, and decode every picture once to know its label.

    Classes are called ``names``, or by their numbers.

    Raises:
        DataError: a record is no picture, has no label, or one that is none of the names.
        ConfigError: there is one class only, or two of the same name.
    """
    check_names(str(train), names)
    found = PictureDatabase(Path(train)), PictureDatabase(Path(val))
    tally = Tally(progress, sum(map(len, found)))
    classes = max(_largest_label(pictures, names, tally) for pictures in found) + 1
    if max(classes, len(names)) < 2:
        raise ConfigError(f"{train}: has one class only; a classifier needs two or more")
    return LabelledPictures(list(names) or [str(i) for i in range(classes)], *found)


def _largest_label(pictures: PictureDatabase, names: Sequence[str], tally: Tally) -> int:
    largest = 0
    for first in range(0, len(pictures), _AT_ONCE):
        for picture in pictures.read(first, _AT_ONCE, color=True):
            if picture.label is None or picture.label < 0:
                raise DataError(f"{pictures.path}: record {picture.name!r} has no class number")
            if names and picture.label >= len(names):
                raise DataError(
                    f"{pictures.path}: record {picture.name!r} has the label {picture.label}, and"
                    f" there are {len(names)} names of classes"
                )
            largest = max(largest, picture.label)
            tally.count()
    return largest

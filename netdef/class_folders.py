"""Pictures to train a classifier with: a folder of class folders, and another or a part to test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netdef.data.datum import decode_image
from netdef.data.image_file import file_content
from netdef.data.image_folder import ImageFolder, read_image_folder
from netdef.data.progress import Progress, Tally
from netdef.data.random_words import permutation
from netdef.errors import ConfigError, DataError, at, did_you_mean
from netdef.pictures import PictureDatabase, PictureFile, PictureFiles


@dataclass(frozen=True)
class LabelledPictures:
    """The classes by their numbers, and the pictures to train and to test with."""

    classes: list[str]
    train: PictureFiles | PictureDatabase
    val: PictureFiles | PictureDatabase

    @property
    def files(self) -> list[PictureFile]:
        """All pictures that lie in files of their own."""
        parts = (part for part in (self.train, self.val) if isinstance(part, PictureFiles))
        return [file for part in parts for file in part.files]


def read_class_folders(
    train: str | Path,
    val: str | Path | None = None,
    only: Sequence[str] = (),
    held_out: float = 0.2,
    seed: int = 0,
) -> LabelledPictures:
    """Read the pictures to train and test with.

    ``only`` names the classes that are wanted, in the order of their numbers; without it all
    folders are, sorted. Without ``val`` the part ``held_out`` of each class is for testing.

    Raises:
        MissingFile: a folder is not there.
        DataError: a class folder has no pictures, or too few to part.
        ConfigError: there are fewer than two classes, or those of the two folders differ.
    """
    folder = read_image_folder(train)
    classes = _wanted(str(train), folder.classes, only)
    if len(classes) < 2:
        raise ConfigError(
            f"{train}: {classes[0]!r} is the only class; a classifier needs two folders or more"
        )
    pictures = _pictures(train, folder, classes)
    if val is None:
        parted = _parted(str(train), classes, pictures, held_out, seed)
        return LabelledPictures(classes, *map(PictureFiles, parted))
    other = read_image_folder(val)
    missing = [name for name in classes if name not in other.classes]
    strange = [name for name in other.classes if name not in classes]
    if missing or (strange and not only):
        name, here, there = (missing[0], train, val) if missing else (strange[0], val, train)
        raise ConfigError(f"class {name!r} is in {here}, but not in {there}")
    pictures_to_test = _pictures(val, other, classes)
    return LabelledPictures(classes, PictureFiles(pictures), PictureFiles(pictures_to_test))


def check_pictures(pictures: Sequence[PictureFile], progress: Progress | None = None) -> None:
    """Decode every picture once, to know before training that all can be read.

    Raises:
        DataError: one cannot; the message names it, and how many others.
    """
    tally, damaged, first = Tally(progress, len(pictures)), 0, ""
    for picture in pictures:
        try:
            with at(picture.path):
                decode_image(file_content(picture.path))
        except DataError as error:
            first, damaged = first or str(error), damaged + 1
        tally.count()
    if damaged:
        others = f" (and {damaged - 1} more like it)" if damaged > 1 else ""
        raise DataError(f"{first}{others}; remove it or put a whole picture in its place")


def check_names(where: str, names: Sequence[str]) -> None:
    """See that no two classes have the same name but for case and spaces.

    Raises:
        ConfigError: two have; which.
    """
    found: dict[str, str] = {}
    for name in names:
        other = found.setdefault(name.strip().casefold(), name)
        if other is not name:
            raise ConfigError(
                f"{where}: two classes are called {other!r} and {name!r}; put their pictures"
                " together, or give one another name"
            )


def _wanted(where: str, known: list[str], only: Sequence[str]) -> list[str]:
    check_names(where, known)
    for number, name in enumerate(only):
        if name in only[:number]:
            raise ConfigError(f"class {name!r} is named twice; name it once")
        if name not in known:
            raise ConfigError(f"{where}: has no class {name!r}{did_you_mean(name, known)}")
    return list(only) or known


def _pictures(root: str | Path, folder: ImageFolder, classes: list[str]) -> list[PictureFile]:
    numbers = {name: number for number, name in enumerate(classes)}
    top = Path(root).resolve()
    return [
        PictureFile(image.name, str(top / image.name), numbers[folder.classes[image.label]])
        for image in folder.images
        if folder.classes[image.label] in numbers
    ]


def _parted(
    where: str, classes: list[str], pictures: list[PictureFile], held_out: float, seed: int
) -> tuple[list[PictureFile], list[PictureFile]]:
    train: list[PictureFile] = []
    val: list[PictureFile] = []
    for number, name in enumerate(classes):
        own = [picture for picture in pictures if picture.label == number]
        if len(own) < 2:
            raise DataError(f"{where}: class {name!r} has one picture; to hold one out takes two")
        order = permutation(seed, f"held out {name}", len(own))
        count = min(max(1, math.floor(held_out * len(own) + 0.5)), len(own) - 1)
        held = {int(i) for i in order[:count]}
        val += [p for i, p in enumerate(own) if i in held]
        train += [p for i, p in enumerate(own) if i not in held]
    return train, val

"""Folders that hold a folder of images for each class."""

import os
from pathlib import Path
from typing import NamedTuple

from netdef.errors import DataError, MissingFile, cannot_read

_ENDINGS = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)


class ClassImage(NamedTuple):
    """An image file below a folder, and the number of its class."""

    name: str
    label: int


class ImageFolder(NamedTuple):
    """The classes of a folder in the order of their numbers, and its images."""

    classes: list[str]
    images: list[ClassImage]


def read_image_folder(path: str | Path) -> ImageFolder:
    """Return the images of a folder of class folders, sorted by class and name.

    Classes are numbered from 0 as their names are sorted. Images may lie deeper in a class
    folder; hidden files, and files whose ending is not one of an image, are passed over.

    Raises:
        MissingFile: the folder is not there or cannot be read.
        DataError: it has no class folders, or one of them has no images.
    """
    root = Path(path)
    if not root.is_dir():
        raise MissingFile(f"{path}: no such folder")
    try:
        classes = sorted(p.name for p in root.iterdir() if p.is_dir() and p.name[0] != ".")
    except OSError as error:
        raise cannot_read(path, error) from error
    if not classes:
        raise DataError(f"{path}: holds no folders; give each class a folder of its images")
    images: list[ClassImage] = []
    for label, name in enumerate(classes):
        found = sorted(image_files(root / name))
        if not found:
            raise DataError(f"{root / name}: holds no images; remove it, or fill it")
        images += (ClassImage(file.relative_to(root).as_posix(), label) for file in found)
    return ImageFolder(classes, images)


def image_files(folder: Path) -> list[Path]:
    """Return the image files in a folder and below it, in no order.

    Raises:
        MissingFile: a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise cannot_read(error.filename, error)

    return [
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=refuse, followlinks=True)
        for name in names
        if name[0] != "." and Path(name).suffix.lower() in _ENDINGS
    ]

"""The images that are to be converted, and their labels: from a list or a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from netdef.data.datum import Label
from netdef.data.image_folder import read_image_folder
from netdef.data.image_list import image_entry, list_lines
from netdef.errors import DataError, NetdefError

Refuse = Callable[[NetdefError], None]


class LabelledImage(NamedTuple):
    """An image file, its label, and where they are told."""

    where: str
    name: str
    label: Label


def folder_images(folder: Path) -> list[LabelledImage]:
    """Return the images of a folder that holds a folder for each class."""
    images = read_image_folder(folder).images
    return [LabelledImage(str(folder), name, label) for name, label in images]


def listed_images(path: Path, labels: int, refuse: Refuse) -> list[LabelledImage]:
    """Return the images of a list.

    A line is a name and a whole number, or, if ``labels`` is not 0, a name and so many
    numbers. ``refuse`` is told of lines that are not of that form; if it returns, they are
    left out.

    Raises:
        MissingFile: the list is not there.
        DataError: it is no text, or has no lines.
    """
    images: list[LabelledImage] = []
    for number, line in list_lines(path):
        try:
            entry = image_entry(path, number, line, labels)
        except DataError as error:
            refuse(error)
        else:
            images.append(LabelledImage(f"{path}:{number}", entry.name, entry.label))
    return images

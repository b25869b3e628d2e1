"""Parting a list or a folder of images into one to train with and one to test with."""

import os
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from netdef.data.image_folder import read_image_folder
from netdef.data.image_list import read_image_list
from netdef.data.random_words import permutation
from netdef.errors import ConfigError, cannot_write
from netdef.io.whole_file import writing_whole


class Parts(NamedTuple):
    """What ``split_list`` wrote: the lists with the number of their images, and the classes."""

    train: Path
    train_images: int
    val: Path
    val_images: int
    classes: list[str]


def split_list(source: str | Path, out: str | Path, held_out: float = 0.1, seed: int = 0) -> Parts:
    """Write ``train.txt`` and ``val.txt`` into ``out``, and ``classes.txt`` if a folder is parted.

    Of each class the part ``held_out`` goes to ``val.txt``, at least one image where there are
    two; ``seed`` decides which. Both lists keep the order of the source. Names in the lists
    of a folder are from that folder on.

    Raises:
        MissingFile: the source is not there.
        DataError: a line of the list is wrong, or the folder has no classes.
        ConfigError: there is such a file in ``out`` already.
        RunError: the lists cannot be written.
    """
    classes, images = _read(Path(source))
    folder = Path(out)
    contents = {"train.txt": "", "val.txt": ""}
    if classes:
        contents["classes.txt"] = "".join(f"{name}\n" for name in classes)
    for name in contents:
        if (folder / name).exists():
            raise ConfigError(f"{folder / name}: is there already; choose another folder")
    held = _held_out([label for _, label in images], held_out, seed)
    for number, (name, label) in enumerate(images):
        contents["val.txt" if number in held else "train.txt"] += f"{name} {label}\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    for name, text in contents.items():
        with writing_whole(folder / name) as file:
            file.write(os.fsencode(text))
    train, val = folder / "train.txt", folder / "val.txt"
    return Parts(train, len(images) - len(held), val, len(held), classes)


def _read(source: Path) -> tuple[list[str], list[tuple[str, int]]]:
    if source.is_dir():
        found = read_image_folder(source)
        return found.classes, [*found.images]
    return [], [(entry.name, entry.label) for entry in read_image_list(source)]


def _held_out(labels: list[int], part: float, seed: int) -> set[int]:
    """Return the numbers of the images that are held out."""
    by_label: defaultdict[int, list[int]] = defaultdict(list)
    for number, label in enumerate(labels):
        by_label[label].append(number)
    held: set[int] = set()
    for label, numbers in by_label.items():
        count = min(max(round(part * len(numbers)), 1), len(numbers) - 1)
        order = permutation(seed, f"split {label}", len(numbers))
        held.update(numbers[i] for i in order[:count])
    return held

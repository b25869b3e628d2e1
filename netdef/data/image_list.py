"""Text files that list images and their labels."""

import re
from pathlib import Path
from typing import NamedTuple

from netdef.errors import DataError, cannot_read

_LARGEST_LABEL = 2**31 - 1  # a Datum's label is an int32


class ImageEntry(NamedTuple):
    """One line of a list."""

    line: int
    name: str
    label: int


def read_image_list(path: str | Path) -> list[ImageEntry]:
    """Return the entries of a list with one ``name label`` a line; names may hold blanks.

    Raises:
        MissingFile: the list is not there.
        DataError: a line is not of that form (the message names it), or there is none.
    """
    return [image_entry(path, *line) for line in list_lines(path)]


def list_lines(path: str | Path) -> list[tuple[int, str]]:
    """Return the lines of a list that are not blank, with their numbers.

    Raises:
        MissingFile: the list is not there.
        DataError: it is no text, or has no lines.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise cannot_read(path, error) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not text; give a list of 'name label' lines") from error
    found = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise DataError(f"{path}: the list is empty; give one 'name label' a line")
    return found


def image_entry(path: str | Path, number: int, line: str) -> ImageEntry:
    """Return the entry that a line of a list is.

    Raises:
        DataError: it is not of that form.
    """
    *names, label = line.rsplit(maxsplit=1)
    name = "".join(names).strip()
    if not re.fullmatch(r"[+-]?[0-9]+", label):
        raise DataError(
            f"{path}:{number}: {label!r} is not a label; end the line with a blank and a whole "
            "number"
        )
    if not name:
        raise DataError(f"{path}:{number}: no name before the label {label}")
    if abs(int(label)) > _LARGEST_LABEL:
        raise DataError(f"{path}:{number}: the label {label} is beyond 32 bits")
    return ImageEntry(number, name, int(label))

"""Text files that list images and their labels."""

import math
import re
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from netdef.data.datum import Label
from netdef.errors import DataError, cannot_read

L = TypeVar("L", int, Label)
_LARGEST_LABEL = 2**31 - 1  # a Datum's label is an int32


class ImageEntry(NamedTuple, Generic[L]):
    """One line of a list."""

    line: int
    name: str
    label: L


def read_image_list(path: str | Path) -> list[ImageEntry[int]]:
    """Return the entries of a list with one ``name label`` a line; names may hold blanks.

    Raises:
        MissingFile: the list is not there.
        DataError: a line is not of that form (the message names it), or there is none.
    """
    return [entry_of_class(path, *line) for line in list_lines(path)]


def read_label_list(path: str | Path, labels: int) -> list[ImageEntry[Label]]:
    """Return the entries of a list whose lines end with so many numbers, or, if 0, one label.

    Raises:
        MissingFile, DataError: see ``read_image_list``.
    """
    return [image_entry(path, *line, labels) for line in list_lines(path)]


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


def image_entry(path: str | Path, number: int, line: str, labels: int) -> ImageEntry[Label]:
    """Return the entry that a line of a list is; see ``read_label_list``.

    Raises:
        DataError: it is not of that form.
    """
    if labels:
        return _with_numbers(f"{path}:{number}", number, line, labels)
    return ImageEntry[Label](*entry_of_class(path, number, line))


def entry_of_class(path: str | Path, number: int, line: str) -> ImageEntry[int]:
    """Return the entry of a line that ends with the number of a class.

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


def _with_numbers(where: str, number: int, line: str, labels: int) -> ImageEntry[Label]:
    name, *words = line.rsplit(maxsplit=labels)
    if len(words) < labels:
        raise DataError(f"{where}: {len(words)} labels; give a name and {labels} numbers")
    try:
        values = tuple(map(float, words))
    except ValueError as error:
        raise DataError(f"{where}: {error}; give a name and {labels} numbers") from None
    if not all(map(math.isfinite, values)):
        raise DataError(f"{where}: a label is not finite; give numbers")
    return ImageEntry(number, name.strip(), values)

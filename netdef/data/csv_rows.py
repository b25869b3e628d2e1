"""Text files of numbers in columns."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from netdef.errors import ConfigError, DataError, cannot_read, did_you_mean


def csv_rows(path: str | Path, label: str = "-1") -> Iterator[tuple[np.ndarray, float]]:
    """Yield the numbers and the label of each line of a CSV file.

    A first line that is not all numbers names the columns. ``label`` is the name or the
    number of the label's column; numbers count from 0, or from the end if below 0.

    Shapes:
        numbers: ``(columns - 1,)`` float32.

    Raises:
        MissingFile: the file is not there.
        ConfigError: there is no such column.
        DataError: a line has a wrong number of columns, or something that is no number.
    """
    lines = _lines(Path(path))
    number, words = next(lines, (0, []))
    if not words:
        raise DataError(f"{path}: is empty; give a line of numbers for each row")
    names = [] if all(map(_is_number, words)) else words
    column = _column(path, names, len(words), label)
    if not names:
        yield _row(f"{path}:{number}", words, names, len(words), column)
    for number, line in lines:
        yield _row(f"{path}:{number}", line, names, len(words), column)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, with their numbers."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True)
            for words in reader:
                if words:
                    yield reader.line_num, words
    except OSError as error:
        raise cannot_read(path, error) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not text; give numbers parted by commas") from error
    except csv.Error as error:
        raise DataError(f"{path}: is no CSV file ({error})") from error


def _column(path: str | Path, names: list[str], count: int, label: str) -> int:
    if label in names:
        return names.index(label)
    try:
        return range(count)[int(label)]
    except ValueError:
        hint = did_you_mean(label, names) or "; name a column, or give its number"
        raise ConfigError(f"{path}: no column {label!r}{hint}") from None
    except IndexError:
        raise ConfigError(f"{path}: has {count} columns, no column {label}") from None


def _row(
    where: str, words: list[str], names: list[str], count: int, column: int
) -> tuple[np.ndarray, float]:
    if len(words) != count:
        raise DataError(f"{where}: has {len(words)} columns, the first line {count}")
    for place, word in enumerate(words):
        if not _is_number(word):
            name = repr(names[place]) if names else str(place)
            raise DataError(f"{where}: column {name}: {word!r} is not a number")
    numbers = [float(word) for word in words]
    label = numbers.pop(column)
    return np.array(numbers, np.float32), label


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False

"""Text files that list windows of images, as R-CNN and Caffe's WindowData layer have them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from netdef.errors import DataError, cannot_read

N = TypeVar("N", int, float)


class ImageWindow(NamedTuple):
    """A rectangle of an image, in pixels, its last row and column included."""

    line: int
    image: str
    label: int
    overlap: float
    left: int
    top: int
    right: int
    bottom: int


def read_window_list(path: str | Path) -> list[ImageWindow]:
    """Return the windows of a window file, in order.

    Each image is ``# number``, its path, channels, height, width and the number of its
    windows, then for each of them ``class overlap x1 y1 x2 y2``; blanks and line ends
    part all of these.

    Raises:
        MissingFile: the file is not there.
        DataError: it is not of that form; the message names the line.
    """
    words = _Words(path)
    windows: list[ImageWindow] = []
    for mark in words.rest:
        if mark != "#":
            raise words.error(f"{mark!r} stands where '#' should begin an image")
        words.whole("the image's number")
        image = words.next("the image's path")
        for what in ("the channels", "the height", "the width"):
            words.whole(what)  # the image file says it better
        for _ in range(words.whole("the number of windows")):
            windows.append(words.window(image))
    if not windows:
        raise DataError(f"{path}: lists no windows; begin each image with '# 0' and its path")
    return windows


class _Words:
    """The words of a file, and the line of the last one."""

    def __init__(self, path: str | Path) -> None:
        self._path, self._line = path, 0
        self.rest = self._read()

    def _read(self) -> Iterator[str]:
        try:
            with open(self._path, encoding="utf-8-sig") as file:
                for self._line, text in enumerate(file, 1):
                    yield from text.split()
        except OSError as error:
            raise cannot_read(self._path, error) from error
        except UnicodeDecodeError as error:
            raise DataError(f"{self._path}: is not text; give a list of windows") from error

    def error(self, message: str) -> DataError:
        return DataError(f"{self._path}:{self._line}: {message}")

    def next(self, what: str) -> str:
        word = next(self.rest, None)
        if word is None:
            raise self.error(f"the file ends where {what} should follow")
        return word

    def whole(self, what: str) -> int:
        return self._number(what, int, "whole number")

    def _number(self, what: str, kind: Callable[[str], N], words: str) -> N:
        word = self.next(what)
        try:
            return kind(word)
        except ValueError:
            raise self.error(f"{what} must be a {words}, got {word!r}") from None

    def window(self, image: str) -> ImageWindow:
        label = self.whole("the class")
        line = self._line
        overlap = self._number("the overlap", float, "number")
        left, top, right, bottom = (self.whole(side) for side in ("x1", "y1", "x2", "y2"))
        if right < left or bottom < top:
            raise self.error(f"the window {left} {top} {right} {bottom} ends before it begins")
        return ImageWindow(line, image, label, overlap, left, top, right, bottom)

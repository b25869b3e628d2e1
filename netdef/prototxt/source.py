"""A text file with places in it."""

import re
from bisect import bisect_right
from functools import cached_property
from pathlib import Path

from netdef.errors import TextError, cannot_read

_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")


class Source:
    """The text of one file; knows which line and column an offset is in."""

    def __init__(self, text: str, path: str) -> None:
        self.text, self.path = text, path

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def line(self, offset: int) -> int:
        """Return the line that ``offset`` is in, from 1."""
        return bisect_right(self._line_starts, offset)

    def error(self, offset: int, what: str) -> TextError:
        """Return the error ``path:line:column: what``."""
        line = self.line(offset)
        column = offset - self._line_starts[line - 1] + 1
        return TextError(f"{self.path}:{line}:{column}: {what}")


def place(path: str, line: int) -> str:
    """Return ``path:line``, or the path alone for line 0: the line is not known."""
    return f"{path}:{line}" if line else path


def read_source(path: Path | str) -> Source:
    """Read a text file.

    Raises:
        MissingFile: the file cannot be read.
        TextError: it is binary, or not UTF-8.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from None
    if _BINARY.search(content[:4096]):
        raise TextError(f"{path}: is a binary file, not a prototxt")
    try:
        return Source(content.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        what = f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8 text"
        raise Source(before, str(path)).error(len(before), what) from None

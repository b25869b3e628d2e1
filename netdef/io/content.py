"""What a file holds: bytes, and of which kind."""

import re
from pathlib import Path

from netdef.errors import WeightsError, cannot_read

_HDF5 = b"\x89HDF\r\n\x1a\n"
_NO_TEXT = re.compile(rb"[^\t\n\r\x20-\x7e]")


def is_hdf5(path: Path | str) -> bool:
    """Say whether a file begins as HDF5 files do.

    Raises:
        MissingFile: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read(len(_HDF5)) == _HDF5
    except OSError as error:
        raise cannot_read(path, error) from None


def read_content(path: Path | str) -> memoryview:
    """Read a file of a binary protobuf message.

    Raises:
        MissingFile: the file cannot be read.
        WeightsError: it is empty, or plain text.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from None
    if not content:
        raise WeightsError(f"{path}: is empty")
    if not _NO_TEXT.search(content[:512]):
        raise WeightsError(f"{path}: is a text file (a prototxt?); a binary file is expected")
    return memoryview(content)

"""Files that are there whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from netdef.errors import cannot_write


@contextmanager
def writing_whole(path: Path | str) -> Iterator[BinaryIO]:
    """Yield a binary file that becomes ``path`` when the block ends, and vanishes if it fails.

    Raises:
        RunError: the disk is full, or the folder does not exist or takes no files.
    """
    with path_for_writing_whole(path) as temporary, temporary.open("xb") as file:
        yield file


@contextmanager
def path_for_writing_whole(path: Path | str) -> Iterator[Path]:
    """Yield a temporary name in the same folder; its file becomes ``path`` when the block ends.

    For libraries that open files themselves.

    Raises:
        RunError: the disk is full, or the folder does not exist or takes no files.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(path)
        _flush_to_disk(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        with suppress(OSError):  # where a parent is a file, there is nothing to remove
            temporary.unlink()


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Checksums of files: sha256, sha1, and git's."""

import hashlib
from pathlib import Path

from netdef.errors import cannot_read

_CHUNK = 1 << 20


def checksum(path: Path, kind: str) -> str:
    """Return a file's checksum: ``sha256``, ``sha1``, or ``git``.

    git's is the SHA-1 of ``blob <size>``, a zero byte and the content.

    Raises:
        MissingFile: the file cannot be read.
    """
    digest = hashlib.new("sha1" if kind == "git" else kind, usedforsecurity=False)
    try:
        if kind == "git":
            digest.update(b"blob %d\0" % path.stat().st_size)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise cannot_read(path, error) from None
    return digest.hexdigest()


def agrees(path: Path, expected: str) -> bool:
    """Say whether a file has a checksum that is written ``kind:digits``."""
    kind, _, digits = expected.partition(":")
    return checksum(path, kind) == digits

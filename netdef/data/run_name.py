"""Names of conversions, by which one that was killed is found again."""

import os
from hashlib import sha256
from pathlib import Path


def run_name(*what: object) -> str:
    """Return a name for ``resume_as``: the same for what prints alike."""
    return sha256(repr(what).encode()).hexdigest()[:16]


def file_stamp(path: str | Path) -> tuple[object, ...]:
    """Return what tells a file, as it is now, from all others."""
    try:
        status = os.stat(path)
    except OSError:
        return (str(path),)
    return (str(Path(path).resolve()), status.st_size, status.st_mtime_ns)

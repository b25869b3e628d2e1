"""Where weights lie that were fetched or imported: ``NETDEF_HOME``, by default ``~/.netdef``."""

from pathlib import Path

from netdef.errors import cannot_write
from netdef.io.user_folder import user_folder


def place(name: str) -> Path:
    """Return where weights of that name lie, or would lie."""
    return user_folder() / "weights" / f"{name}.caffemodel"


def place_for_writing(name: str) -> Path:
    """Return where weights of that name will lie; makes the folder.

    Raises:
        RunError: the folder cannot be made.
    """
    path = place(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path.parent, error) from None
    return path

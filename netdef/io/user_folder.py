"""The folder of what netdef keeps for the user: ``NETDEF_HOME``, by default ``~/.netdef``."""

import os
from pathlib import Path


def user_folder() -> Path:
    """Return the folder; it need not exist yet."""
    chosen = os.environ.get("NETDEF_HOME")
    return Path(chosen) if chosen else Path.home() / ".netdef"

"""Writing a new LMDB folder, whole or not at all."""

import errno
import shutil
from pathlib import Path
from typing import Any

from netdef.data.database_writer import DatabaseWriter


class LmdbWriter(DatabaseWriter):
    """Writes a new LMDB; see ``DatabaseWriter``."""

    _FIRST_MAP_BYTES = 64 << 20

    def __init__(self, path: str | Path, resume_as: str = "") -> None:
        import lmdb

        super().__init__(path, resume_as, (lmdb.Error,))
        self._environment: Any = None

    def _open(self) -> None:
        import lmdb

        # Nobody else knows the folder: no lock, and one flush at the end suffices.
        self._environment = lmdb.open(
            str(self._partial),
            map_size=self._FIRST_MAP_BYTES,
            lock=False,
            sync=False,
            metasync=False,
        )

    def last_key(self) -> bytes | None:
        with self._environment.begin() as transaction, transaction.cursor() as cursor:
            return bytes(cursor.key()) if cursor.last() else None

    def _commit(self) -> None:
        import lmdb

        self._make_room(2 * self._pending_bytes)  # a value may fill little of its last page
        try:
            with self._environment.begin(write=True) as transaction:
                transaction.cursor().putmulti(self._pending)
        except lmdb.MapFullError:
            self._environment.set_mapsize(2 * self._environment.info()["map_size"])
            self._commit()

    def _make_room(self, size: int) -> None:
        """Double the map until so many bytes more fit into it: a write that fails costs time."""
        about = self._environment.info()
        wanted = about["last_pgno"] * self._environment.stat()["psize"] + size
        room = about["map_size"]
        while room < wanted:
            room *= 2
        if room > about["map_size"]:
            self._environment.set_mapsize(room)

    def _shut(self) -> None:
        if self._environment is not None:
            self._environment.close()

    def _system_error(self, error: Exception) -> OSError:
        """Return the system's error behind LMDB's, which calls a short write a broken disk."""
        is_full = shutil.disk_usage(self._partial).free <= self._pending_bytes
        reason = str(error).rsplit(": ", 1)[-1]
        return OSError(errno.ENOSPC if is_full else errno.EIO, reason)

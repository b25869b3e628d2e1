"""Writing a new LevelDB folder, whole or not at all."""

import errno
from pathlib import Path
from typing import Any

from netdef.data.database_writer import DatabaseWriter
from netdef.errors import RunError


class LeveldbWriter(DatabaseWriter):
    """Writes a new LevelDB; see ``DatabaseWriter``.

    Raises:
        RunError: plyvel, which writes it, is not installed.
    """

    _BLOCK_BYTES = 64 << 10  # as Caffe writes them

    def __init__(self, path: str | Path, resume_as: str = "") -> None:
        plyvel = _plyvel()
        super().__init__(path, resume_as, (plyvel.Error,))
        self._database: Any = None

    def _open(self) -> None:
        self._database = _plyvel().DB(
            str(self._partial), create_if_missing=True, block_size=self._BLOCK_BYTES
        )

    def last_key(self) -> bytes | None:
        with self._database.iterator(reverse=True, include_value=False) as keys:
            key: bytes | None = next(keys, None)
            return key

    def _commit(self) -> None:
        with self._database.write_batch() as batch:
            for key, value in self._pending:
                batch.put(key, value)

    def _shut(self) -> None:
        if self._database is not None:
            self._database.close()

    def _system_error(self, error: Exception) -> OSError:
        is_full = "No space left" in str(error)
        return OSError(errno.ENOSPC if is_full else errno.EIO, str(error))


def _plyvel() -> Any:
    try:
        import plyvel
    except ImportError as error:
        raise RunError(
            "LevelDB is written by the package plyvel, which is not installed; write an LMDB "
            "instead, or pip install plyvel (it has wheels for Python 3.11 and 3.12)"
        ) from error
    return plyvel

"""Writing a new LMDB folder, whole or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any

from netdef.errors import ConfigError, cannot_write


class LmdbWriter:
    """Writes a new LMDB, under another name until it is whole.

    Used as ``with LmdbWriter(path) as database: database.put(key, value)``. If the block
    ends in an error, nothing is left.

    Raises:
        ConfigError: there is something under that name already.
        RunError: the disk is full, or the folder cannot be written to.
    """

    _BATCH = 1000  # records in a transaction, as Caffe's converters commit
    _FIRST_MAP_BYTES = 64 << 20  # doubled whenever it is full

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        refuse_existing(self.path)
        self._partial = self.path.with_name(f".{self.path.name}.{token_hex(4)}.partial")
        self._pending: list[tuple[bytes, bytes]] = []
        self._environment: Any = None

    def __enter__(self) -> "LmdbWriter":
        import lmdb

        with self._failure():
            self._partial.mkdir()
            # Nobody else knows the folder: no lock, and one flush at the end suffices.
            self._environment = lmdb.open(
                str(self._partial),
                map_size=self._FIRST_MAP_BYTES,
                lock=False,
                sync=False,
                metasync=False,
            )
        return self

    def put(self, key: bytes, value: bytes) -> None:
        """Add a record."""
        self._pending.append((key, value))
        if len(self._pending) == self._BATCH:
            with self._failure():
                self._commit()

    def _commit(self) -> None:
        import lmdb

        try:
            with self._environment.begin(write=True) as transaction:
                transaction.cursor().putmulti(self._pending)
        except lmdb.MapFullError:
            self._environment.set_mapsize(2 * self._environment.info()["map_size"])
            self._commit()
        self._pending.clear()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._drop()
            return
        with self._failure():
            self._commit()
            self._environment.sync(True)
            self._environment.close()
            _flush_folder(self._partial)
            refuse_existing(self.path)
            self._partial.rename(self.path)
            _flush_folder(self.path.parent)

    def _drop(self) -> None:
        if self._environment is not None:
            self._environment.close()
        shutil.rmtree(self._partial, ignore_errors=True)

    def _system_error(self, error: Exception) -> OSError:
        """Return the system's error behind LMDB's, which calls a short write a broken disk."""
        wanted = sum(len(key) + len(value) for key, value in self._pending)
        is_full = shutil.disk_usage(self._partial).free <= wanted
        reason = str(error).rsplit(": ", 1)[-1]
        return OSError(errno.ENOSPC if is_full else errno.EIO, reason)

    @contextmanager
    def _failure(self) -> Iterator[None]:
        """Leave nothing behind when writing fails, and say why it did."""
        import lmdb

        try:
            yield
        except OSError as error:
            self._drop()
            raise cannot_write(self.path, error) from error
        except lmdb.Error as error:
            cause = self._system_error(error)
            self._drop()
            raise cannot_write(self.path, cause) from error
        except ConfigError:
            self._drop()
            raise


def refuse_existing(path: Path) -> None:
    """Raise a ConfigError if there is anything under the name of a database to be written."""
    if path.exists() or path.is_symlink():
        raise ConfigError(f"{path}: is there already; remove it or choose another name")


def _flush_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

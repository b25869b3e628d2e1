"""Writing a new database folder, whole or not at all."""

import fcntl
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

from netdef.errors import ConfigError, RunError, cannot_write


class DatabaseWriter(ABC):
    """Writes a new database, under another name until it is whole.

    Used as ``with LmdbWriter(path) as database: database.put(key, value)``. If the block
    ends in an error, nothing is left. A writer with the name ``resume_as`` goes on with what
    one of the same name left behind when it was killed or interrupted: records that are there
    already, up to the last key, are passed over.

    Raises:
        ConfigError: there is something under the database's name already.
        RunError: the disk is full, or the folder cannot be written to.
    """

    _BATCH = 1000  # records that are committed together, as Caffe's converters do,
    _BATCH_BYTES = 8 << 20  # or fewer if they are large: the next ones are made meanwhile

    def __init__(
        self, path: str | Path, resume_as: str, errors: tuple[type[Exception], ...]
    ) -> None:
        self.path, self._errors = Path(path), errors
        refuse_existing(self.path)
        self._resumes = bool(resume_as)
        self._partial = self.path.with_name(f".{_partial_name(self.path, resume_as)}.partial")
        self._pending: list[tuple[bytes, bytes]] = []
        self._pending_bytes = 0
        self._done: bytes | None = None
        self._lock: int | None = None

    @abstractmethod
    def last_key(self) -> bytes | None:
        """Return the last key that a killed run committed; None if there is none."""

    def is_empty(self) -> bool:
        """Say whether nothing was put, nor was there anything to go on with."""
        return not self._pending and self.last_key() is None

    @abstractmethod
    def _open(self) -> None:
        """Open a database in the partial folder."""

    @abstractmethod
    def _commit(self) -> None:
        """Write out the pending records."""

    @abstractmethod
    def _shut(self) -> None:
        """Close the database; may be called twice."""

    def _system_error(self, error: Exception) -> OSError:
        """Return the system's error behind one of the library's."""
        return OSError(0, str(error))

    def __enter__(self) -> Self:
        with self._failure():
            self._partial.mkdir(exist_ok=self._resumes)
            self._lock = _lock(self._partial)
            self._open()
            self._done = self.last_key() if self._resumes else None
        return self

    def put(self, key: bytes, value: bytes) -> None:
        """Add a record; who goes on with a database must keep to the order of the keys."""
        if self._done is not None and key <= self._done:
            return
        self._pending.append((key, value))
        self._pending_bytes += len(key) + len(value)
        if len(self._pending) == self._BATCH or self._pending_bytes >= self._BATCH_BYTES:
            with self._failure():
                self._commit()
            self._pending.clear()
            self._pending_bytes = 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            if self._resumes and not issubclass(kind, Exception):  # an interrupt
                self._release()
            else:
                self._drop()
            return
        with self._failure():
            self._commit()
            self._release()
            for file in self._partial.iterdir():
                flush(file)
            flush(self._partial)
            refuse_existing(self.path)
            self._partial.rename(self.path)
            flush(self.path.parent)

    def _release(self) -> None:
        self._shut()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _drop(self) -> None:
        self._release()
        shutil.rmtree(self._partial, ignore_errors=True)

    @contextmanager
    def _failure(self) -> Iterator[None]:
        """Leave nothing behind when writing fails, and say why it did."""
        try:
            yield
        except BlockingIOError:
            raise RunError(f"{self.path}: is being written by another process") from None
        except self._errors as error:
            cause = self._system_error(error)
            self._drop()
            raise cannot_write(self.path, cause) from error
        except OSError as error:
            self._drop()
            raise cannot_write(self.path, error) from error
        except ConfigError:
            self._drop()
            raise


def _partial_name(path: Path, resume_as: str) -> str:
    """Return what a database is called while it is written."""
    return f"{path.name}.{resume_as or token_hex(4)}"


def refuse_existing(path: Path) -> None:
    """Raise a ConfigError if there is anything under the name of a database to be written."""
    if path.exists() or path.is_symlink():
        raise ConfigError(f"{path}: is there already; remove it or choose another name")


def flush(path: Path) -> None:
    """Wait until a file or the names in a folder are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor

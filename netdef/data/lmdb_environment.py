"""Opening LMDB folders for reading, and what is wrong with those that do not open."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from netdef.errors import DataError, MissingFile, cannot_read

# LMDB does not let one process open a folder twice: readers share these, with their number.
_environments: dict[Path, tuple[Any, int]] = {}
_guard = Lock()


def is_lmdb(path: Path) -> bool:
    """Whether the folder holds an LMDB."""
    return (path / "data.mdb").is_file()


def is_leveldb(path: Path) -> bool:
    """Whether the folder holds a LevelDB."""
    return (path / "CURRENT").is_file()


def share_environment(path: Path) -> tuple[Path, Any]:
    """Return the folder's environment and the name to release it by.

    Raises:
        MissingFile: there is no such folder.
        DataError: it holds no LMDB, or a damaged one.
    """
    home = path.resolve()
    with _guard:
        environment, users = _environments.get(home, (None, 0))
        if environment is None:
            environment = _open_environment(path)
        _environments[home] = (environment, users + 1)
    return home, environment


def release_environment(home: Path) -> None:
    """Close the environment when nobody shares it any more."""
    with _guard:
        environment, users = _environments.pop(home)
        if users > 1:
            _environments[home] = (environment, users - 1)
        else:
            environment.close()


def _open_environment(path: Path) -> Any:
    import lmdb

    _check_folder(path)
    lock = path / "lock.mdb"
    locks = os.access(path, os.W_OK) and lock.exists() and os.access(lock, os.W_OK)
    with naming_damage(path):
        environment = lmdb.open(str(path), readonly=True, lock=locks, max_dbs=0)
    try:
        _check_length(path, environment)
    except DataError:
        environment.close()
        raise
    return environment


def _check_folder(path: Path) -> None:
    if not path.exists():
        raise MissingFile(f"{path}: no such file or folder")
    if not path.is_dir():
        raise DataError(f"{path}: is a file; an LMDB is a folder that holds data.mdb")
    if not is_lmdb(path):
        raise DataError(f"{path}: is no LMDB, for it holds no data.mdb")
    try:
        with (path / "data.mdb").open("rb") as file:
            begins = file.read(1)
    except OSError as error:
        raise cannot_read(path / "data.mdb", error) from error
    if not begins:
        raise DataError(f"{path}: its data.mdb has 0 bytes; convert the images again")


def _check_length(path: Path, environment: Any) -> None:
    """Refuse a file that was cut short: reading beyond its end would kill the process."""
    expected = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    length = (path / "data.mdb").stat().st_size
    if length < expected:
        raise DataError(
            f"{path}: its data.mdb has {length} bytes of {expected}; it was cut short, so copy "
            "or convert it again"
        )


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Turn what LMDB says of a database it cannot read into a DataError."""
    import lmdb

    try:
        yield
    except lmdb.Error as error:
        if "already open in this process" in str(error):
            raise DataError(
                f"{path}: is open in this process already, outside netdef; close it there first"
            ) from error
        reason = str(error).rsplit(": ", 1)[-1]
        raise DataError(
            f"{path}: LMDB cannot read it ({reason}); copy or convert it again"
        ) from error

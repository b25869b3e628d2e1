"""The backends of databases: which kind a folder is, and which is asked for."""

from pathlib import Path

from netdef.data.lmdb_environment import is_leveldb, is_lmdb
from netdef.data.lmdb_reader import LmdbReader
from netdef.errors import ConfigError

BACKENDS = ("LEVELDB", "LMDB")


def open_database(path: str | Path, backend: str) -> LmdbReader:
    """Open the database at ``path`` for reading; ``backend`` is data_param's.

    Raises:
        ConfigError: the folder is of the other kind, or a LevelDB.
        MissingFile, DataError: see ``LmdbReader``.
    """
    path = Path(path)
    refuse_leveldb(path, backend)
    return LmdbReader(path)


def refuse_leveldb(path: Path, backend: str) -> None:
    """Raise the error that says how to get along without LevelDB."""
    if backend == "LEVELDB" and is_lmdb(path):
        raise ConfigError(
            f"{path}: is an LMDB, but backend is LEVELDB (Caffe's default); set backend: LMDB"
        )
    if (backend == "LEVELDB" and path.exists()) or (is_leveldb(path) and not is_lmdb(path)):
        raise ConfigError(
            f"{path}: LEVELDB databases are not read yet; convert the images to an "
            "LMDB and set backend: LMDB"
        )

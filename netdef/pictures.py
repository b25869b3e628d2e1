"""Pictures to be classified or to take features of, wherever they lie."""

from collections.abc import Sequence
from contextlib import closing
from glob import glob, has_magic
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from netdef.data.database import open_database
from netdef.data.datum import decode
from netdef.data.image_file import read_image
from netdef.data.image_folder import image_files, read_image_folder
from netdef.data.image_list import read_image_list
from netdef.data.lmdb_environment import is_leveldb, is_lmdb
from netdef.data.lmdb_reader import key_text
from netdef.errors import ConfigError, DataError, MissingFile, at


class Picture(NamedTuple):
    """Pixels ``(C, H, W)``, what they are called, and their class if that is known."""

    name: str
    label: int | None
    pixels: np.ndarray


class Pictures(Protocol):
    """Pictures in a fixed order."""

    def __len__(self) -> int: ...

    def read(self, first: int, count: int, color: bool) -> list[Picture]:
        """Return up to ``count`` pictures from number ``first`` on.

        Raises:
            DataError: one is no picture; the message names it.
        """


class PictureFile(NamedTuple):
    """A picture's file, what it is called, and its class if that is known."""

    name: str
    path: str
    label: int | None = None


class PictureFiles:
    """Pictures in files."""

    def __init__(self, files: Sequence[PictureFile]) -> None:
        self.files = list(files)

    def __len__(self) -> int:
        return len(self.files)

    def read(self, first: int, count: int, color: bool) -> list[Picture]:
        return [
            Picture(file.name, file.label, read_image(file.path, color))
            for file in self.files[first : first + count]
        ]


class PictureDatabase:
    """Pictures in an LMDB or LevelDB of Datums; they are called by their keys."""

    def __init__(self, path: Path) -> None:
        self.path, self.backend = path, "LMDB" if is_lmdb(path) else "LEVELDB"
        with closing(open_database(path)) as database:
            self._entries = database.entries

    def __len__(self) -> int:
        return self._entries

    def read(self, first: int, count: int, color: bool) -> list[Picture]:
        with closing(open_database(self.path)) as database:
            found = database.read(first, min(count, self._entries - first))
        return [self._picture(key_text(key), value, color) for key, value in found]

    def _picture(self, key: str, value: bytes, color: bool) -> Picture:
        with at(f"{self.path}: record {key!r}"):
            image, label = decode(value, color)
        return Picture(key, label if isinstance(label, int) else None, image)


def open_pictures(sources: Sequence[str]) -> Pictures:
    """Find pictures: one database, or files, patterns, folders and lists (``.txt``).

    A folder of class folders gives labels, as does a list of ``name label`` lines, whose
    names are looked for beside it and then in the current folder.

    Raises:
        MissingFile: a source is not there, or a pattern fits nothing.
        DataError: a folder or a list has no pictures.
        ConfigError: a database stands beside other sources.
    """
    databases = [source for source in sources if is_database(source)]
    if databases and len(sources) > 1:
        raise ConfigError(f"{databases[0]}: a database cannot be mixed with other sources")
    if databases:
        return PictureDatabase(Path(databases[0]))
    return PictureFiles([file for source in sources for file in _files(source)])


def is_database(source: str) -> bool:
    """Say whether a folder holds an LMDB or a LevelDB."""
    return is_lmdb(Path(source)) or is_leveldb(Path(source))


def _files(source: str) -> list[PictureFile]:
    path = Path(source)
    if path.is_dir():
        return _folder(path)
    if path.exists():
        return _listed(path) if path.suffix == ".txt" else [PictureFile(source, source)]
    found = sorted(glob(source, recursive=True)) if has_magic(source) else []
    if not found:
        words = "fits no file" if has_magic(source) else "no such file or folder"
        raise MissingFile(f"{source}: {words}")
    return [PictureFile(name, name) for name in found if Path(name).is_file()]


def _folder(path: Path) -> list[PictureFile]:
    if any(p.is_dir() and p.name[0] != "." for p in path.iterdir()):
        images = read_image_folder(path).images
        return [PictureFile(name, str(path / name), label) for name, label in images]
    names = sorted(file.relative_to(path).as_posix() for file in image_files(path))
    if not names:
        raise DataError(f"{path}: holds no images")
    return [PictureFile(name, str(path / name)) for name in names]


def _listed(path: Path) -> list[PictureFile]:
    entries = read_image_list(path)
    return [PictureFile(e.name, _beside(path, e.name), e.label) for e in entries]


def _beside(path: Path, name: str) -> str:
    beside = path.parent / name
    return str(beside if beside.exists() else name)

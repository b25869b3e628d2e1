"""A text to HDF5 files that recurrent nets of characters learn from."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netdef.errors import ConfigError, DataError, cannot_read
from netdef.io.hdf5 import add_array, writing_hdf5
from netdef.io.whole_file import writing_whole


@dataclass(frozen=True)
class ConvertedText:
    """What ``convert_text`` wrote: paths, characters by their numbers, steps of each part."""

    train: Path
    test: Path
    vocabulary: Path
    characters: tuple[str, ...]
    train_steps: int
    test_steps: int


def convert_text(
    source: str | Path, out: str | Path, streams: int = 32, held_out: float = 0.1
) -> ConvertedText:
    """Write a text's characters as numbers into the folder ``out``; its end is held out.

    Each part is cut into ``streams`` pieces of one length, which a net reads side by side: a
    row of the files is one time step, and the next batch goes on where the last one ended. The
    vocabulary, a JSON list, has every character of the text in the order of its code.

    ``train.h5`` and ``test.h5``, listed in ``train.txt`` and ``test.txt`` for HDF5Data, hold:

    Shapes:
        data: ``(steps, streams)``, the number of each character.
        label: the same, of the character after it.
        cont: the same, 0 at the first step and 1 at all others.

    Raises:
        MissingFile: the text cannot be read.
        DataError: it is no UTF-8, or too short.
        ConfigError: there is a file of such a name in ``out`` already.
        RunError: the files cannot be written.
    """
    text = _read(Path(source))
    characters = tuple(sorted(set(text)))
    number = {character: i for i, character in enumerate(characters)}
    codes = np.fromiter((number[c] for c in text), np.int32, len(text))
    cut = len(codes) - round(held_out * len(codes))
    parts = {"train": _pieces(codes[:cut], streams), "test": _pieces(codes[cut:], streams)}
    for name, (data, _) in parts.items():
        if not len(data):
            raise DataError(
                f"{source}: its {len(text)} characters are too few for {streams} streams in the"
                f" {name} part; take fewer streams or a longer text"
            )
    folder = _folder(Path(out))
    for name, (data, label) in parts.items():
        _write(folder / f"{name}.h5", data, label)
        with writing_whole(folder / f"{name}.txt") as file:
            file.write(f"{name}.h5\n".encode())
    vocabulary = folder / "vocabulary.json"
    with writing_whole(vocabulary) as file:
        file.write(json.dumps(characters, ensure_ascii=False).encode())
    steps = [len(data) for data, _ in parts.values()]
    return ConvertedText(folder / "train.txt", folder / "test.txt", vocabulary, characters, *steps)


def read_vocabulary(path: str | Path) -> tuple[str, ...]:
    """Return the characters by their numbers.

    Raises:
        MissingFile: the file cannot be read.
        DataError: it is no list of characters.
    """
    try:
        found = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise cannot_read(path, error) from None
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(c, str) and len(c) == 1 for c in found):
        raise DataError(f"{path}: is no JSON list of characters, as netdef convert text writes it")
    return tuple(found)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise cannot_read(path, error) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is no UTF-8 text (byte {error.start}); convert it first"
        ) from None


def _pieces(codes: np.ndarray, streams: int) -> tuple[np.ndarray, np.ndarray]:
    """Return characters and those after them as ``(steps, streams)``; what is left over is lost."""
    steps = max(len(codes) - 1, 0) // streams
    data, label = (codes[i : i + steps * streams].reshape(streams, steps) for i in (0, 1))
    return data.T, label.T


def _folder(path: Path) -> Path:
    names = ("train.h5", "test.h5", "train.txt", "test.txt", "vocabulary.json")
    there = [str(path / name) for name in names if (path / name).exists()]
    if there:
        raise ConfigError(f"{there[0]}: is there already; remove it, or choose another folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made ({error.strerror}); choose another") from None
    return path


def _write(path: Path, data: np.ndarray, label: np.ndarray) -> None:
    cont = np.ones(data.shape, np.uint8)
    cont[:1] = 0
    with writing_hdf5(path) as file:
        for name, array in (("data", data), ("label", label), ("cont", cont)):
            add_array(file, name, array)

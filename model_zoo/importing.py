"""Weights from a file of the user's to their place, under the name of what they are."""

import shutil
from pathlib import Path

from netdef.errors import ConfigError, WeightsError, unknown
from netdef.io.whole_file import writing_whole
from netdef.model_zoo import nets
from netdef.model_zoo.cache import place_for_writing
from netdef.model_zoo.recognition import by_checksum, by_layers
from netdef.model_zoo.weights_table import table

_ENDINGS = (".caffemodel", ".caffemodel.h5")


def weights_in(folder: Path) -> list[Path]:
    """Return the files below a folder that end like weights, sorted."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name.endswith(_ENDINGS))


def recognize(path: Path, name: str | None = None) -> tuple[str, str]:
    """Return the name that weights go by in the zoo, and what told it.

    ``name`` says what they are where their layers fit several nets.

    Raises:
        MissingFile: the file cannot be read.
        WeightsError: it is not weights, or no net of the zoo has such layers.
        ConfigError: it fits several nets, or not the one that ``name`` says.
        UnknownType: nothing in the zoo is called ``name``.
    """
    known = by_checksum(path)
    if name is not None:
        _check(path, name, known)
        return name, "its name"
    return (known, "its checksum") if known else (_only(path), "its layers")


def take_in(path: Path, name: str) -> None:
    """Copy weights to the place of that name.

    Raises:
        RunError: the disk is full, or the folder takes no files.
    """
    with writing_whole(place_for_writing(name)) as file, path.open("rb") as source:
        shutil.copyfileobj(source, file)


def _only(path: Path) -> str:
    fitting = by_layers(path)
    if not fitting:
        raise WeightsError(
            f"{path}: neither its checksum nor its layers are those of anything in the zoo;"
            " give the file itself to --weights"
        )
    if len(fitting) > 1:
        choices = " or ".join(f"--as {name}" for name in fitting)
        raise ConfigError(f"{path}: its layers fit {len(fitting)} nets; say which: {choices}")
    return fitting[0]


def _check(path: Path, name: str, known: str | None) -> None:
    names = [*nets.names(), *(row.name for row in table())]
    if name not in names:
        raise unknown("net or weights of the zoo", name, names)
    net = next((row.net for row in table() if row.name == name), name)
    if known != name and net not in by_layers(path):
        raise ConfigError(f"{path}: is not {name!r}: checksum and layers are others")

"""Folders that deploy: a net, its weights, the names of its classes, how pictures are prepared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netdef.errors import DataError, MissingFile, at, cannot_read
from netdef.io.whole_file import writing_whole
from netdef.net import Net
from netdef.preprocessing import Preprocessing, read_preprocessing, write_preprocessing

NET = "deploy.prototxt"
WEIGHTS = "weights.caffemodel"
LABELS = "labels.txt"
PREPROCESSING = "preprocessing.json"
"""Written last: with it, the folder is whole."""


@dataclass(frozen=True)
class Deployment:
    """What a folder that deploys holds, or what the zoo knows of a net.

    Of the zoo's nets the names of the classes may not be known, nor how pictures are prepared.
    """

    net: Path
    weights: Path
    labels: list[str]
    preprocessing: Preprocessing | None


def read_deployment(folder: str | Path) -> Deployment:
    """Read a folder that ``netdef finetune`` wrote.

    Raises:
        MissingFile: it does not hold all that it takes.
        ConfigError, DataError: a file in it is damaged.
    """
    folder = Path(folder)
    for name in (PREPROCESSING, NET, WEIGHTS, LABELS):
        if not (folder / name).is_file():
            raise MissingFile(
                f"{folder}: has no {name}, so it is no folder that deploys, or its training"
                " did not end; give the folder of a netdef finetune that did"
            )
    return Deployment(
        folder / NET,
        folder / WEIGHTS,
        read_labels(folder / LABELS),
        read_preprocessing(folder / PREPROCESSING),
    )


def write_deployment(
    folder: Path, net: Net, labels: Sequence[str], preprocessing: Preprocessing
) -> None:
    """Write what a folder with its net lacks to deploy: weights, labels, preprocessing.

    Raises:
        RunError: a file cannot be written.
    """
    net.save(str(folder / WEIGHTS))
    with writing_whole(folder / LABELS) as file:
        file.writelines(f"{label}\n".encode() for label in labels)
    write_preprocessing(folder / PREPROCESSING, preprocessing)


def read_labels(path: str | Path) -> list[str]:
    """Return the names of the classes, one a line, by their numbers.

    Raises:
        MissingFile: the file is not there.
        DataError: it holds no names.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise cannot_read(path, error) from error
    with at(str(path)):
        if not text.strip():
            raise DataError("holds no names; give one a line, for class 0 first")
    return [line.strip() for line in text.rstrip("\n").split("\n")]

"""Names like ``zoo:lenet`` in the place of a path: nets and weights of the model zoo."""

from importlib import import_module
from pathlib import Path
from typing import Literal

_SCHEME = "zoo:"
# A name, not an import: what reads files knows where the zoo lives without importing upwards.
_HOME = "netdef.model_zoo.finding"


def found_file(path: Path | str, kind: Literal["model", "weights"]) -> Path | str:
    """Return the file that ``zoo:NAME`` means, or any other path as it is.

    Raises:
        UnknownType: the zoo has nothing of that name.
        MissingFile: the weights are not on this machine yet; how to fetch them.
    """
    name = str(path)
    if not name.startswith(_SCHEME):
        return path
    file: Path = getattr(import_module(_HOME), kind)(name.removeprefix(_SCHEME))
    return file

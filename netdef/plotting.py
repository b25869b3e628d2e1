"""Pictures drawn by matplotlib, which an extra brings."""

from pathlib import Path
from typing import Any

from netdef.errors import ConfigError, RunError
from netdef.io.whole_file import path_for_writing_whole

_ENDINGS = (".png", ".svg", ".pdf")


def new_figure(path: str | Path, width: float, height: float) -> Any:
    """Return an empty picture for a file, in inches.

    Raises:
        ConfigError: the file's ending is unknown.
        RunError: matplotlib is not installed.
    """
    if Path(path).suffix not in _ENDINGS:
        raise ConfigError(f"{path}: pictures end in {', '.join(_ENDINGS)}; choose one of them")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise RunError(
            "pictures are drawn by matplotlib, which is not installed; pip install 'netdef[plot]'"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: str | Path) -> None:
    """Write a picture as its file's ending says.

    Raises:
        RunError: the file cannot be written.
    """
    with path_for_writing_whole(path) as temporary:
        figure.savefig(temporary, format=Path(path).suffix[1:], dpi=120)

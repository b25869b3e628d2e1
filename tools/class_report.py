"""How classes were told apart: tables for people, files of several kinds."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from netdef.confusion import Confusion

KINDS = (".csv", ".txt", ".png")


def scores_table(confusion: "Confusion") -> str:
    """Return a line for each class: its pictures, precision, recall and F1."""
    from netdef.table import table

    rows = [(s.name, s.pictures, *(f"{value:.4f}" for value in s[2:])) for s in confusion.scores()]
    return table(("class", "pictures", "precision", "recall", "F1"), rows)


def matrix_table(confusion: "Confusion") -> str:
    """Return a line for each label, a column for each answer."""
    from netdef.table import table

    lines = zip(confusion.classes, confusion.matrix.tolist(), strict=True)
    return table(("label", *confusion.classes), [(name, *row) for name, row in lines])


def check_kinds(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> list[Path]:
    """See that the ending of each file tells a kind that can be written."""
    for value in values:
        if Path(value).suffix not in KINDS:
            raise click.BadParameter(f"{value!r} ends in none of {', '.join(KINDS)}.")
    return [Path(value) for value in values]


def check_folders(paths: Sequence[Path]) -> None:
    """See, before a long run, that the folders of files are there.

    Raises:
        RunError: one is not.
    """
    from netdef.errors import cannot_write

    for path in paths:
        if not path.parent.is_dir():
            raise cannot_write(path, FileNotFoundError())


def write_confusion(path: Path, confusion: "Confusion") -> None:
    """Write the matrix as CSV, text or a picture, as the file's ending says.

    Raises:
        RunError: the file cannot be written.
    """
    if path.suffix == ".csv":
        from netdef.confusion import write_matrix

        write_matrix(path, confusion)
    elif path.suffix == ".png":
        from netdef.confusion_drawing import write_drawing

        write_drawing(path, confusion)
    else:
        from netdef.io.whole_file import writing_whole

        with writing_whole(path) as file:
            file.write(f"{matrix_table(confusion)}\n".encode())

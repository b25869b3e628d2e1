"""What becomes of weights that a net begins with, layer by layer."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from netdef.loading import LoadReport, OnMismatch
    from netdef.net import Net


def load(
    net: "Net", files: list[str], on_mismatch: "OnMismatch" = "error", err: bool = False
) -> None:
    """Load weights from files, and print what was loaded and what not, with the shapes.

    Raises:
        WeightsError: a file is damaged, a blob does not fit, or nothing fits.
    """
    for path in files:
        report = net.copy_from(path, on_mismatch)
        click.echo(f"{path}: {report}", err=err)
        click.echo(_table(report), err=err)


def _table(report: "LoadReport") -> str:
    from netdef.table import table

    rows = [
        (name, words, _dims(report.in_file.get(name)), _dims(report.in_net.get(name)))
        for words, names in (
            ("loaded", report.loaded),
            ("resized", report.resized),
            ("mismatched", report.mismatched),
            ("new", report.kept),
            ("left out", report.ignored),
        )
        for name in names
    ]
    return table(("layer", "weights", "in the file", "in the net"), rows)


def _dims(shapes: list[tuple[int, ...]] | None) -> str:
    return " ".join("x".join(map(str, shape)) for shape in shapes or ()) or "-"
